package io.dunlin.launcher.job;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import java.util.List;
import java.util.stream.Collectors;

/** A job that cannot be run as it is written; lists everything that is wrong with it. */
public final class JobFileException extends DunlinException {
    private static final long serialVersionUID = 1L;

    JobFileException(List<Problem> problems) {
        super(problems.getFirst().code(), message(problems), problems.getFirst().remedy(), ExitCode.USAGE);
    }

    JobFileException(Problem problem) {
        this(List.of(problem));
    }

    private static String message(List<Problem> problems) {
        return problems.getFirst().text()
                + problems.stream()
                        .skip(1)
                        .map(problem -> "\n" + problem.code() + "  " + problem.text())
                        .collect(Collectors.joining());
    }
}
