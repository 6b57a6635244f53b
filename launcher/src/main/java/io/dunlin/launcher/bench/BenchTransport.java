package io.dunlin.launcher.bench;

import io.dunlin.collectives.Media;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** How the members of a measurement are connected. */
public enum BenchTransport {
    /** Processes of one host, whose tensors are in memory that all of them map; what training does. */
    SHARED,
    /** Processes of one host, whose tensors go through the streams of one media driver. */
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

    /** What members see of it when they choose algorithms. */
    Media media() {
        return switch (this) {
            case SHARED -> Media.SHARED_MEMORY;
            case IPC -> Media.IPC;
            case UDP -> Media.UDP;
            case LOOPBACK -> Media.LOOPBACK;
        };
    }

    /** Whether all members use a media driver of the process that starts them. */
    boolean sharesDriver() {
        return this == SHARED || this == IPC;
    }

    /** Whether the speed of memory is what bounds it. */
    boolean insideHost() {
        return this != UDP;
    }
}
