package io.dunlin.launcher.report;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.dunlin.collectives.Topology;
import java.util.List;

/**
 * What a rank tells its agent: one line of JSON each on the rank's standard output (see {@link JsonLine}).
 *
 * <p>The agent knows which pipe a line came from, so a report does not carry its rank.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "report")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Report.Entered.class, name = "entered"),
    @JsonSubTypes.Type(value = Report.Ready.class, name = "ready"),
    @JsonSubTypes.Type(value = Report.Prepared.class, name = "prepared"),
    @JsonSubTypes.Type(value = Report.Restored.class, name = "restored"),
    @JsonSubTypes.Type(value = Report.Step.class, name = "step"),
    @JsonSubTypes.Type(value = Report.Evaluated.class, name = "evaluated"),
    @JsonSubTypes.Type(value = Report.Sampled.class, name = "sampled"),
    @JsonSubTypes.Type(value = Report.Committing.class, name = "committing"),
    @JsonSubTypes.Type(value = Report.Saved.class, name = "saved"),
    @JsonSubTypes.Type(value = Report.Notice.class, name = "notice"),
    @JsonSubTypes.Type(value = Report.Where.class, name = "where"),
    @JsonSubTypes.Type(value = Report.Sent.class, name = "sent"),
    @JsonSubTypes.Type(value = Report.Quantized.class, name = "quantized"),
    @JsonSubTypes.Type(value = Report.Failed.class, name = "failed"),
    @JsonSubTypes.Type(value = Report.Done.class, name = "done")
})
public sealed interface Report {

    /** The rank has begun a phase. */
    record Entered(Phase phase) implements Report {}

    /**
     * The rank has joined its generation and may send to every other rank of it.
     *
     * @param generation it belongs to
     * @param memberHash it was given; the generation is live only when all ranks have said the same
     */
    record Ready(long generation, String memberHash) implements Report {}

    /**
     * What a rank has made ready for training; the head of the run is printed from rank 0's.
     *
     * @param device for people, for example {@code cpu, 1 thread, AVX-512}
     * @param parameters of the model
     * @param memory bytes planned on this rank, by purpose
     * @param microBatches of one step over all ranks
     * @param trainTokens in the training data
     * @param validationTokens in the validation data; 0 if there is none
     */
    record Prepared(
            String device,
            long parameters,
            List<Memory> memory,
            int microBatches,
            long trainTokens,
            long validationTokens)
            implements Report {}

    /** Bytes planned for one purpose, for example {@code activations}. */
    record Memory(String purpose, long bytes) {}

    /**
     * A checkpoint has been read.
     *
     * @param step training goes on after this one
     * @param folder that was read
     * @param bytes read by this rank
     * @param durationNs of the reading
     * @param skipped newer checkpoints that were not used, with the reason, one line each
     */
    record Restored(long step, String folder, long bytes, long durationNs, List<String> skipped) implements Report {}

    /**
     * A step is complete on this rank. Every rank says so; all but the times are the same on each.
     *
     * @param step from 1
     * @param steps of the whole run
     * @param loss mean over the global batch, in nats; NaN or infinite if the step was not finite
     * @param gradientNorm before clipping
     * @param learningRate used
     * @param updated false if the update was skipped on every rank
     * @param tokens of this step over all ranks
     * @param totalTokens since the beginning of training
     * @param stepNs whole step on this rank
     * @param dataNs waiting for data
     * @param communicationNs waiting for other ranks
     * @param updateNs clipping and optimizer
     */
    record Step(
            long step,
            long steps,
            double loss,
            double gradientNorm,
            double learningRate,
            boolean updated,
            long tokens,
            long totalTokens,
            long stepNs,
            long dataNs,
            long communicationNs,
            long updateNs)
            implements Report {}

    /** Mean validation loss after a step; {@code best} if no earlier one was lower. */
    record Evaluated(long step, double loss, long tokens, long durationNs, boolean best) implements Report {}

    /** Text the model wrote after a step, without the prompt. */
    record Sampled(long step, String prompt, String text) implements Report {}

    /**
     * The checkpoint of {@code step} is written and waits to be made visible. The rank goes on only with the agent's
     * {@code Commit}: the agent answers none but the live generation.
     */
    record Committing(long generation, long step) implements Report {}

    /** A checkpoint is complete. */
    record Saved(long step, String folder, long bytes, long durationNs) implements Report {}

    /** Something a person should know; the code is empty where there is none. */
    record Notice(Level level, String code, String text) implements Report {}

    /** The answer to a dump: what the training thread is doing, innermost call first. All threads are in the log. */
    record Where(List<String> frames) implements Report {}

    /** How much a {@link Notice} matters. */
    enum Level {
        INFO,
        WARNING
    }

    /**
     * What all ranks together have sent, beside what was planned; rank 0 says it when the loop is left.
     *
     * @param step last complete one
     * @param steps that were counted, since this generation began
     * @param levels of links, from the finest
     */
    record Sent(long step, long steps, List<LevelBytes> levels) implements Report {}

    /**
     * Bytes that all ranks send in a step, mean of those counted.
     *
     * @param level of links they pass
     * @param planned of tensors alone, each sent into a host once
     * @param counted headers and agreement included; what ranks read in place in shared memory is not sent
     */
    record LevelBytes(Topology.Scale level, long planned, long counted) {}

    /** How faithful quantised messages were, when the ranks have agreed on it after a step. */
    record Quantized(long step, List<UnitQuality> units) implements Report {}

    /**
     * One unit of the model in one transfer.
     *
     * @param purpose {@code weights}, {@code gradients}, {@code boundary} or {@code refresh}
     * @param unit 0 for the embedding, then the blocks, the last for the head
     * @param bits of an element from now on; 32 if it is not quantised
     * @param decibels signal to noise since the last time, on the worst rank
     * @param measuredBits of an element, when that was measured
     */
    record UnitQuality(String purpose, int unit, int bits, double decibels, int measuredBits) {}

    /**
     * This rank cannot go on; its last report but nothing.
     *
     * @param code of the failure; empty for a bug of ours
     * @param message what is wrong
     * @param remedy what to try; empty if nothing is known
     * @param exitCode the process ends with
     * @param step complete on this rank when it failed
     * @param cause whether others brought it down or it failed by itself
     * @param stack trace, for the log and for bugs
     */
    record Failed(String code, String message, String remedy, int exitCode, long step, Cause cause, String stack)
            implements Report {}

    /** Whether a rank failed by itself or because another did. */
    enum Cause {
        /** By itself: a candidate for the root cause. */
        OWN,
        /** It was told to give up, or a peer was gone. */
        PEER
    }

    /** The rank has left the training loop in order. */
    record Done(long step, End end) implements Report {}

    /** Why a rank left the loop. */
    enum End {
        /** All steps are done. */
        FINISHED,
        /** Stopped on request; the state is saved. */
        STOPPED
    }
}
