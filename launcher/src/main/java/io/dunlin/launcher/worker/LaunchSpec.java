package io.dunlin.launcher.worker;

import java.nio.file.Path;

/**
 * All that a rank process needs to know, as one line of JSON on its standard input; the command line carries nothing.
 *
 * @param runId names the run; part of the transport's streams
 * @param runFolder absolute
 * @param job the resolved job file's text, the same on every rank of a generation
 * @param rank this one
 * @param ranks in the world
 * @param generation of the world; a rank of an older one can neither send nor commit
 * @param memberHash of this generation, to be said back when the rank is ready
 * @param aeronDir of the host's media driver; empty for one rank
 * @param threads compute threads of this rank
 * @param start where training begins
 */
public record LaunchSpec(
        String runId,
        Path runFolder,
        String job,
        int rank,
        int ranks,
        long generation,
        String memberHash,
        String aeronDir,
        int threads,
        Start start) {

    /**
     * Where training begins.
     *
     * @param kind which
     * @param step of the checkpoint, for {@link Kind#STEP}
     */
    public record Start(Kind kind, long step) {
        /** From initial weights. */
        public static final Start SCRATCH = new Start(Kind.SCRATCH, 0);

        /** From the newest complete checkpoint; from initial weights if there is none. */
        public static final Start NEWEST = new Start(Kind.NEWEST, 0);

        /** From the checkpoint of one step. */
        public static Start at(long step) {
            return new Start(Kind.STEP, step);
        }
    }

    /** Where training may begin. */
    public enum Kind {
        SCRATCH,
        NEWEST,
        STEP
    }
}
