package io.dunlin.error;

/** How a {@code dunlin} process ends; the numbers are a contract with schedulers. */
public enum ExitCode {
    /** The work is done. */
    DONE(0),
    /** A bug of ours: an exception that is not a {@link DunlinException}. */
    BUG(1),
    /** The command line or the job file is wrong. */
    USAGE(2),
    /** This machine cannot do it; {@code dunlin doctor} says what is missing. */
    ENVIRONMENT(3),
    /** A rank failed and the restarts are used up. */
    RANK_FAILED(10),
    /** No progress within the deadline. */
    HANG(11),
    /** A checkpoint cannot be read. */
    CHECKPOINT(12),
    /** Stopped on request; the state is saved; start again to go on. */
    STOPPED(75),
    /** Interrupted twice; nothing was saved. */
    INTERRUPTED(130);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    /** The process exit status. */
    public int number() {
        return number;
    }
}
