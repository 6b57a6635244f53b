package io.dunlin.checkpoint.format;

import io.dunlin.error.DunlinException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;

/** A checkpoint or model file that cannot be written, read or trusted; the message names the file and the place. */
public final class CheckpointException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private final CheckpointError error;

    /**
     * Makes a failure.
     *
     * @param error which kind
     * @param message what is wrong and where
     * @param remedy the next command or change to try; empty if there is none
     */
    public CheckpointException(CheckpointError error, String message, String remedy) {
        super(error.code(), message, remedy, error.exitCode());
        this.error = error;
    }

    /** Makes a failure with the exception that caused it. */
    public CheckpointException(CheckpointError error, String message, String remedy, Throwable cause) {
        super(error.code(), message, remedy, error.exitCode(), cause);
        this.error = error;
    }

    /** Which kind of failure. */
    public CheckpointError error() {
        return error;
    }

    /** What an I/O exception says, in words: the JDK's own message is often only the path. */
    public static String words(IOException cause) {
        String message = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        return switch (cause) {
            case NoSuchFileException _ -> "no such file: " + message;
            case AccessDeniedException _ -> "permission denied: " + message;
            case FileAlreadyExistsException _ -> "exists already: " + message;
            default -> message;
        };
    }
}
