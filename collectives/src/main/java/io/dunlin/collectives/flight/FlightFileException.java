package io.dunlin.collectives.flight;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import java.nio.file.Path;

/** {@code DUN-708}: a file that no flight recorder of this version has written. */
public final class FlightFileException extends DunlinException {
    private static final long serialVersionUID = 1L;

    FlightFileException(Path file, String what) {
        super(
                "DUN-708",
                "%s is no flight recording: %s".formatted(file, what),
                "name a file that a run has left in its folder flight",
                ExitCode.USAGE);
    }
}
