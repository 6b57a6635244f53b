package io.dunlin.launcher.agent;

import io.dunlin.launcher.report.Report;

/** What can happen to an agent; every event passes through its one queue. */
sealed interface AgentEvent {
    /** A rank has said something. */
    record Reported(long generation, int rank, Report report) implements AgentEvent {}

    /** A rank's process has ended and all that it said has been read. */
    record Exited(long generation, int rank, RankExit exit) implements AgentEvent {}

    /** Somebody asks for something. */
    record Asked(Ask what, String by) implements AgentEvent {}

    /** What may be asked of an agent. */
    enum Ask {
        SAVE,
        STOP,
        /** Leave at once, save nothing. */
        INTERRUPT
    }
}
