package io.dunlin.launcher.membership;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;

/** An agent that cannot become a member of its run. */
public final class MembershipException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private MembershipException(String code, String message, String remedy, ExitCode exitCode, Throwable cause) {
        super(code, message, remedy, exitCode, cause);
    }

    /** DUN-204: somebody else has the port. */
    static MembershipException portTaken(String address, int port, Throwable cause) {
        return new MembershipException(
                "DUN-204",
                "port %d on %s is taken by another process (launch.port)".formatted(port, address),
                "set launch.port = 0 for any free port, or another number",
                ExitCode.ENVIRONMENT,
                cause);
    }

    /** DUN-209: it did not start. */
    static MembershipException notStarted(String address, Throwable cause) {
        return new MembershipException(
                "DUN-209",
                "the member of the run's cluster did not start on %s: %s".formatted(address, cause.getMessage()),
                "dunlin doctor",
                ExitCode.ENVIRONMENT,
                cause);
    }
}
