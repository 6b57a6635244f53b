package io.dunlin.launcher.agent;

import io.dunlin.launcher.report.Phase;
import java.time.Duration;

/**
 * How long each phase may last.
 *
 * @param rendezvous until all ranks are ready
 * @param firstStep for loading, again for the first step, and for a checkpoint
 * @param step for a step
 * @param evaluations steps' worth of batches in an evaluation
 * @param grace to finish, save and leave when asked to stop
 * @param leave for a rank that was told to give up, before it is killed
 */
record Deadlines(
        Duration rendezvous, Duration firstStep, Duration step, int evaluations, Duration grace, Duration leave) {
    /** The limit of one phase. */
    Duration of(Phase phase) {
        return switch (phase) {
            case START, CONNECT -> rendezvous;
            case LOAD, FIRST_STEP, SAVE -> firstStep;
            case STEP -> step;
            case EVALUATE -> step.multipliedBy(Math.max(1, evaluations));
            case STOP -> grace;
        };
    }

    /** The key of the job file that sets the limit of a phase. */
    static String key(Phase phase) {
        return switch (phase) {
            case START, CONNECT -> "timeouts.rendezvous";
            case LOAD, FIRST_STEP, SAVE -> "timeouts.first_step";
            case STEP -> "timeouts.step";
            case EVALUATE -> "timeouts.step x eval.batches";
            case STOP -> "launch.grace";
        };
    }
}
