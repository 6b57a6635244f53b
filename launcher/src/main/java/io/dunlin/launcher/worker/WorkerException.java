package io.dunlin.launcher.worker;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;

/** A rank that cannot go on for a reason of its own process. */
public final class WorkerException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private WorkerException(String code, String message, String remedy, ExitCode exitCode) {
        super(code, message, remedy, exitCode);
    }

    /** DUN-210: nobody has told it what to do. */
    static WorkerException noSpecification(String line) {
        return new WorkerException(
                "DUN-210",
                line.isEmpty()
                        ? "a rank was started without a launch specification on its standard input"
                        : "a rank cannot read its launch specification: "
                                + line.substring(0, Math.min(80, line.length())),
                "ranks are started by dunlin train and dunlin resume",
                ExitCode.USAGE);
    }

    /** DUN-203: no word from the agent. */
    static WorkerException notStarted(int rank, long seconds) {
        return new WorkerException(
                "DUN-203",
                "rank %d was ready and has waited %d s for all others".formatted(rank, seconds),
                "look into the logs of the other ranks",
                ExitCode.HANG);
    }

    /** DUN-211: the agent does not let this generation commit. */
    static WorkerException notPermitted(long generation, long step) {
        return new WorkerException(
                "DUN-211",
                "the agent has not let generation %d commit the checkpoint of step %d: it is not the live one"
                        .formatted(generation, step),
                "end this process; the run goes on elsewhere",
                ExitCode.RANK_FAILED);
    }
}
