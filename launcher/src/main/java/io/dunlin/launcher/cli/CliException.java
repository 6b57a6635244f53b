package io.dunlin.launcher.cli;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;

/** A command line that asks for something that is not there. */
final class CliException extends DunlinException {
    private static final long serialVersionUID = 1L;

    CliException(String code, String message, String remedy) {
        super(code, message, remedy, ExitCode.USAGE);
    }
}
