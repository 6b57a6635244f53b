package io.dunlin.launcher.agent;

/**
 * How a rank's process ended.
 *
 * @param status as the Java process API gives it: 128 + n for signal n; if its host was lost, the remote shell's
 * @param lostHost the host that was lost with it; empty if only the rank has ended
 */
record RankExit(int status, String lostHost) {
    private static final int OUT_OF_HEAP = 3;

    /** Of a process that ended alone. */
    RankExit(int status) {
        this(status, "");
    }

    /** Whether a signal ended the process. A JVM never exits with these statuses by itself. */
    boolean bySignal() {
        return lostHost.isEmpty() && status > 128 && status < 128 + 65;
    }

    /** The signal's number; only if {@link #bySignal}. */
    int signal() {
        return status - 128;
    }

    /** For people. */
    String describe() {
        if (!lostHost.isEmpty()) {
            return "went with its host %s: the remote shell exited with %d".formatted(lostHost, status);
        }
        if (bySignal()) {
            return "ended by signal %d".formatted(signal());
        }
        // What -XX:+ExitOnOutOfMemoryError gives; a rank that can still speak says why it ends.
        return status == OUT_OF_HEAP ? "ran out of Java heap (exit 3)" : "exited with %d".formatted(status);
    }
}
