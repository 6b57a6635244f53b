package io.dunlin.collectives.algorithm;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import java.nio.file.Path;

/** A table of algorithms that cannot be read or written. */
public final class AlgorithmTableException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private AlgorithmTableException(String message, String remedy, ExitCode exitCode) {
        super("DUN-707", message, remedy, exitCode);
    }

    /** {@code DUN-707}: what stands at a place of a file is not what should be there. */
    static AlgorithmTableException badFile(String file, int line, int column, String what) {
        return new AlgorithmTableException(
                "%s:%d:%d: %s".formatted(file, line, column, what),
                "write it anew: dunlin bench collectives --tune",
                ExitCode.USAGE);
    }

    /** {@code DUN-707}: the system refuses the file. */
    static AlgorithmTableException refused(Path file, String why) {
        return new AlgorithmTableException(
                "%s: %s".formatted(file, why), "check the path and its permissions", ExitCode.USAGE);
    }
}
