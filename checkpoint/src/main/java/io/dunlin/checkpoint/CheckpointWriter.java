package io.dunlin.checkpoint;

import io.dunlin.checkpoint.CheckpointFolder.Entry;
import io.dunlin.checkpoint.CheckpointFolder.Standing;
import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.checkpoint.format.Storage;
import io.dunlin.device.HostAccess;
import io.dunlin.tensor.NamedTensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Writes one checkpoint by all ranks together: all of it, or nothing.
 *
 * <p>Two phases. Every rank writes its file into a temporary folder and makes it durable, then tells the others how it
 * went. If all have succeeded, rank 0 adds the manifest and gives the folder its final name: that rename is the commit.
 * Otherwise it removes the folder. Either way every rank learns the same outcome, and older checkpoints are untouched.
 */
public final class CheckpointWriter {
    private static final double SPACE_FACTOR = 1.2;
    private static final byte[] NOTHING = {};
    private static final byte[] ALREADY_THERE = {1};

    private final CheckpointFolder folder;
    private final Storage storage;
    private final Peers peers;
    private final Agreement agreement;
    private final Housekeeping housekeeping;
    private final Fence fence;
    private final CommitPermit permit;
    private final long generation;
    private final InstantSource clock;

    /**
     * A writer for one generation of a run; call {@link #begin} before the first save.
     *
     * @param folder of all checkpoints of the run, seen by all ranks
     * @param peers the ranks that save together
     * @param generation of these ranks; carried in names and manifests
     * @param permit asked on rank 0 before each commit
     * @param clock for the time in the manifest and durations
     */
    public CheckpointWriter(
            CheckpointFolder folder, Peers peers, long generation, CommitPermit permit, InstantSource clock) {
        this.folder = folder;
        this.storage = folder.storage();
        this.peers = peers;
        this.agreement = new Agreement(peers);
        this.housekeeping = new Housekeeping(folder);
        this.permit = permit;
        this.generation = generation;
        this.clock = clock;
        this.fence = new Fence(
                folder,
                "generation %d, process %d, %s"
                        .formatted(generation, ProcessHandle.current().pid(), clock.instant()));
    }

    /** The ranks that save together. */
    Peers peers() {
        return peers;
    }

    InstantSource clock() {
        return clock;
    }

    Housekeeping housekeeping() {
        return housekeeping;
    }

    /**
     * Takes the folder over from earlier generations: from here on they cannot commit. Removes what they left
     * unfinished, and sets aside the checkpoints after the step from which this run goes on. Called by all ranks.
     *
     * @param step where the run goes on; 0 for a new run
     * @return what was tidied, on rank 0
     */
    public List<CheckpointEvent> begin(long step) {
        List<CheckpointEvent> events = new ArrayList<>();
        agreement.byFirst(() -> {
            try {
                folder.make();
                fence.take();
                events.addAll(housekeeping.clean());
                events.addAll(housekeeping.setAside(step));
                return NOTHING;
            } catch (IOException e) {
                throw failed("rank 0 cannot prepare %s".formatted(folder.root()), e);
            }
        });
        return events;
    }

    /**
     * Saves. Called by all ranks, each with its part of the state; returns when the checkpoint is durable.
     *
     * @param state the same on every rank
     * @param share what this rank writes, in memory of the host; all ranks together give every element of every tensor once
     * @throws CheckpointException on every rank if any failed; nothing has changed then
     */
    public CheckpointEvent.Saved save(RunState state, List<NamedTensor> share) {
        return saveFrom(state, SliceSource.of(share, HostAccess.HOST));
    }

    /** As {@link #save}, with slices that may be anywhere. */
    public CheckpointEvent.Saved saveFrom(RunState state, List<SliceSource> share) {
        Instant start = clock.instant();
        ShareFile file = new ShareFile(share, metadata(state));
        long totalBytes = announce(state, file.bytes());
        byte[] verdict = agreement.byFirst(() -> prepare(state, totalBytes));
        if (verdict.length == 0) {
            List<Agreement.Vote> votes = agreement.byAll(() -> writeShare(state.step(), file));
            agreement.byFirst(() -> decide(state, start, votes));
        }
        return new CheckpointEvent.Saved(
                state.step(),
                folder.committed(state.step()),
                totalBytes,
                Duration.between(start, clock.instant()).toNanos());
    }

    private long announce(RunState state, long bytes) {
        String place = "generation %d, %s".formatted(generation, state);
        long total = 0;
        int rank = 0;
        for (byte[] message : peers.gather((bytes + " " + place).getBytes(StandardCharsets.UTF_8))) {
            String[] parts = new String(message, StandardCharsets.UTF_8).split(" ", 2);
            if (!parts[1].equals(place)) {
                throw new CheckpointException(
                        CheckpointError.SAVE_FAILED,
                        "ranks %d and %d are not at the same place of the run: %s, and %s"
                                .formatted(peers.rank(), rank, place, parts[1]),
                        "");
            }
            total += Long.parseLong(parts[0]);
            rank++;
        }
        return total;
    }

    private byte[] prepare(RunState state, long totalBytes) {
        long step = state.step();
        try {
            fence.check();
            if (finishedBefore(state)) {
                return ALREADY_THERE;
            }
            long needed = (long) (totalBytes * SPACE_FACTOR);
            long usable = storage.usableBytes(folder.root());
            if (usable < needed) {
                throw new CheckpointException(
                        CheckpointError.NO_SPACE,
                        "no room to save step %d: %,d bytes are needed (1.2 x %,d), %s has %,d"
                                .formatted(step, needed, totalBytes, folder.root(), usable),
                        "free some space there, or keep fewer checkpoints: --set checkpoint.keep_last=1");
            }
            Path temporary = folder.unfinished(step, generation);
            housekeeping.remove(temporary);
            storage.createFolder(temporary);
            return NOTHING;
        } catch (IOException e) {
            throw failed("rank 0 cannot begin %s".formatted(folder.unfinished(step, generation)), e);
        }
    }

    // An earlier try got as far as the rename and could not make it durable: finish that.
    private boolean finishedBefore(RunState state) throws IOException {
        Path committed = folder.committed(state.step());
        if (!storage.exists(committed)) {
            return false;
        }
        Manifest manifest = folder.manifest(new Entry(committed, state.step(), Standing.COMMITTED));
        if (manifest.generation() != generation || !manifest.state().equals(state)) {
            throw new CheckpointException(
                    CheckpointError.SAVE_FAILED,
                    "%s is there already, saved by generation %d".formatted(committed, manifest.generation()),
                    "start the run again: checkpoints from before are then set aside");
        }
        storage.forceFolder(folder.root());
        return true;
    }

    private byte[] writeShare(long step, ShareFile file) {
        Path path = folder.unfinished(step, generation).resolve(CheckpointFolder.fileOf(peers.rank()));
        try {
            return ManifestCodec.encode(file.write(storage, path)).getBytes(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw failed(
                    "rank %d could not write %s of step %d in %s"
                            .formatted(peers.rank(), path.getFileName(), step, path.getParent()),
                    e);
        }
    }

    private byte[] decide(RunState state, Instant start, List<Agreement.Vote> votes) {
        Path temporary = folder.unfinished(state.step(), generation);
        try {
            for (Agreement.Vote vote : votes) {
                Optional<CheckpointException> failure = vote.failure();
                if (failure.isPresent()) {
                    throw failure.get();
                }
            }
            commit(new Manifest(
                    state,
                    generation,
                    start,
                    votes.stream()
                            .map(vote -> ManifestCodec.decodeFile(vote.made()))
                            .toList()));
            return NOTHING;
        } catch (IOException e) {
            throw undo(temporary, failed("rank 0 could not commit %s".formatted(temporary), e));
        } catch (RuntimeException e) {
            throw undo(temporary, e);
        }
    }

    private void commit(Manifest manifest) throws IOException {
        new Coverage(manifest.files()).requireEverythingOnce();
        Path temporary = folder.unfinished(manifest.state().step(), generation);
        try (Storage.OutputFile file = storage.create(temporary.resolve(Manifest.FILE_NAME))) {
            file.append(MemorySegment.ofArray(ManifestCodec.encode(manifest)));
            file.force();
        }
        storage.forceFolder(temporary);
        permit.require(generation, manifest.state().step());
        fence.check();
        storage.rename(temporary, folder.committed(manifest.state().step()));
        storage.forceFolder(folder.root());
    }

    private RuntimeException undo(Path temporary, RuntimeException cause) {
        try {
            housekeeping.remove(temporary);
        } catch (IOException e) {
            // It has the name of an unfinished one and is removed at the next start.
            cause.addSuppressed(e);
        }
        return cause;
    }

    private CheckpointException failed(String what, IOException cause) {
        return new CheckpointException(
                CheckpointError.SAVE_FAILED,
                "%s: %s".formatted(what, CheckpointException.words(cause)),
                "older checkpoints are untouched; look at the disk of %s".formatted(folder.root()),
                cause);
    }

    private Map<String, String> metadata(RunState state) {
        Map<String, String> metadata = new TreeMap<>();
        metadata.put("format", "dunlin");
        metadata.put("generation", Long.toString(generation));
        metadata.put("rank", "%d of %d".formatted(peers.rank(), peers.size()));
        metadata.put("step", Long.toString(state.step()));
        return metadata;
    }
}
