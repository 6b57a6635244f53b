package io.dunlin.parallel;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;

/** Ranks that cannot train together. */
public final class ParallelException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private ParallelException(String code, String message, String remedy, ExitCode exitCode) {
        super(code, message, remedy, exitCode);
    }

    /** Ranks were started with different facts. */
    static ParallelException disagreement(String message) {
        return new ParallelException(
                "DUN-531",
                message,
                "Start every rank from the same job file with the same --set options and the same version of dunlin.",
                ExitCode.USAGE);
    }
}
