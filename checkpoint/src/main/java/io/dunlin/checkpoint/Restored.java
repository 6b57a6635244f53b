package io.dunlin.checkpoint;

import java.nio.file.Path;

/**
 * A checkpoint that has been loaded, every byte of it verified.
 *
 * @param state where the run goes on
 * @param folder it came from
 * @param bytes read by this rank
 * @param durationNs of reading and verifying
 * @param auxiliary what was there of what the run can go on without, on all ranks
 */
public record Restored(RunState state, Path folder, long bytes, long durationNs, AuxiliaryFound auxiliary) {
    /**
     * How well a checkpoint fits this layout, in slices that ranks want.
     *
     * @param wanted by all ranks
     * @param missing of these; they are as in a run that begins
     * @param savedBy ranks
     */
    public record AuxiliaryFound(int wanted, int missing, int savedBy) {
        AuxiliaryFound plus(AuxiliaryFound other) {
            return new AuxiliaryFound(wanted + other.wanted, missing + other.missing, savedBy);
        }
    }

    Restored with(AuxiliaryFound ofAllRanks) {
        return new Restored(state, folder, bytes, durationNs, ofAllRanks);
    }
}
