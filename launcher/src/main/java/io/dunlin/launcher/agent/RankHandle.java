package io.dunlin.launcher.agent;

import io.dunlin.launcher.worker.Command;
import java.nio.file.Path;
import java.util.OptionalLong;

/** A started rank process. */
interface RankHandle {
    /** The host it is on; empty for the agent's own. */
    default String host() {
        return "";
    }

    /**
     * Its process id on that host; waits until it is known.
     *
     * @throws LaunchException if its process was not started, or nobody says so in time
     */
    long pid();

    /** Its process id if that is known now: for what is said of a rank that may never have started. */
    default OptionalLong knownPid() {
        return OptionalLong.of(pid());
    }

    /** Where its standard error goes. */
    Path log();

    /** Tells it something; never waits for a rank that does not read, and does nothing if the process has ended. */
    void send(Command command);

    /** Ends it without asking. */
    void kill();

    /** What the operating system says about it, for people: {@code running}, {@code stopped by a signal}, {@code ended}. */
    String state();
}
