package io.dunlin.error;

/**
 * A failure that a person can act on.
 *
 * <p>The message is what is wrong and where; {@link #remedy()} is the next thing to try. Codes are grouped: {@code
 * DUN-1xx} command line and job file, {@code 2xx} launch and rendezvous, {@code 3xx} checkpoints, {@code 4xx} the
 * machine, {@code 5xx} training, {@code 6xx} data, {@code 7xx} collectives. {@code dunlin explain CODE} prints the long
 * text.
 */
public abstract class DunlinException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final String remedy;
    private final ExitCode exitCode;

    /**
     * Makes a failure without a cause.
     *
     * @param code for example {@code DUN-307}
     * @param message what is wrong and where, one line if possible
     * @param remedy the next command or change to try; empty if there is none
     * @param exitCode how the process ends if nobody handles it
     */
    protected DunlinException(String code, String message, String remedy, ExitCode exitCode) {
        super(message);
        this.code = code;
        this.remedy = remedy;
        this.exitCode = exitCode;
    }

    /** Makes a failure with the exception that caused it. */
    protected DunlinException(String code, String message, String remedy, ExitCode exitCode, Throwable cause) {
        super(message, cause);
        this.code = code;
        this.remedy = remedy;
        this.exitCode = exitCode;
    }

    /** The code, for example {@code DUN-307}. */
    public final String code() {
        return code;
    }

    /** The next command or change to try; empty if there is none. */
    public final String remedy() {
        return remedy;
    }

    /** How the process ends if nobody handles this. */
    public final ExitCode exitCode() {
        return exitCode;
    }
}
