package io.dunlin.collectives;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;

/** A collective that did not complete; the message names rank, group, operation, and bytes done and expected. */
public final class CollectiveException extends DunlinException {
    private static final long serialVersionUID = 1L;

    /** Makes a failure; see {@link DunlinException}. */
    public CollectiveException(String code, String message, String remedy, ExitCode exitCode) {
        super(code, message, remedy, exitCode);
    }

    /** A peer is gone, or the group was told to give up. */
    public static CollectiveException aborted(String message) {
        return new CollectiveException("DUN-701", message, "", ExitCode.RANK_FAILED);
    }

    /** A deadline has passed. */
    public static CollectiveException timedOut(String message, String remedy) {
        return new CollectiveException("DUN-702", message, remedy, ExitCode.HANG);
    }
}
