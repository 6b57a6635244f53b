package io.dunlin.launcher.agent;

import io.dunlin.launcher.report.Phase;
import java.time.Duration;

/**
 * How long each phase may last.
 *
 * @param rendezvous until all ranks are ready
 * @param firstStep for loading, and again for the first step
 * @param step for a step, an evaluation or a checkpoint
 * @param grace to finish, save and leave when asked to stop
 * @param leave for a rank that was told to give up, before it is killed
 */
record Deadlines(Duration rendezvous, Duration firstStep, Duration step, Duration grace, Duration leave) {
    /** The limit of one phase. */
    Duration of(Phase phase) {
        return switch (phase) {
            case START, CONNECT -> rendezvous;
            case LOAD, FIRST_STEP -> firstStep;
            case STEP, EVALUATE, SAVE -> step;
            case STOP -> grace;
        };
    }

    /** The key of the job file that sets the limit of a phase. */
    static String key(Phase phase) {
        return switch (phase) {
            case START, CONNECT -> "timeouts.rendezvous";
            case LOAD, FIRST_STEP -> "timeouts.first_step";
            case STEP, EVALUATE, SAVE -> "timeouts.step";
            case STOP -> "launch.grace";
        };
    }
}
