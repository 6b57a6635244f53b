package io.dunlin.launcher.bench;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** How the members of a measurement are connected. */
public enum BenchTransport {
    /** Processes of one host, through the shared memory of one media driver. */
    IPC,
    /** Processes that stand for hosts: each has a media driver of its own, and talks by UDP over the loopback address. */
    UDP,
    /** Threads of one process: the engine without a media driver. */
    LOOPBACK;

    /** As on the command line: {@code ipc}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The transport with that label. */
    public static Optional<BenchTransport> labelled(String label) {
        return Arrays.stream(values()).filter(one -> one.label().equals(label)).findFirst();
    }

    /** Whether the speed of memory is what bounds it. */
    boolean insideHost() {
        return this != UDP;
    }
}
