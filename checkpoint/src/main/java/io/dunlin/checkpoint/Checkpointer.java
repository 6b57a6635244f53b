package io.dunlin.checkpoint;

import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.train.StepListener;
import io.dunlin.train.StepRequest;
import io.dunlin.train.StepResult;
import io.dunlin.train.TrainState;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * Saves a run every so many steps, on request, and at its end, and deletes what is no longer worth keeping.
 *
 * <p>A save that fails on the way is reported, and training goes on with the checkpoints there are. A save on a request
 * to stop, or at the end, must succeed: its failure is thrown. So is the discovery that another generation has taken
 * over.
 *
 * <p>All methods but {@link #evaluated} are called by all ranks at the same step.
 */
public final class Checkpointer implements StepListener {
    private final CheckpointWriter writer;
    private final RunContent content;
    private final CheckpointPolicy policy;
    private final CheckpointListener listener;
    private final Map<String, String> evaluation = new HashMap<>();
    private long savedStep = -1;
    private Instant lastSave = Instant.MIN;

    /** Makes a checkpointer; call {@link #begin} before the first step. */
    public Checkpointer(
            CheckpointWriter writer, RunContent content, CheckpointPolicy policy, CheckpointListener listener) {
        this.writer = writer;
        this.content = content;
        this.policy = policy;
        this.listener = listener;
    }

    /**
     * Takes the checkpoint folder over for this generation, after the run has been restored or initialised.
     *
     * @throws CheckpointException if the folder cannot be written
     */
    public void begin(TrainState state) {
        writer.begin(state.step()).forEach(listener::on);
        savedStep = state.step();
        lastSave = writer.clock().instant();
    }

    /**
     * Notes the loss of an evaluation, kept with the next checkpoint: retention of the best goes by it.
     *
     * @param step after which it was measured
     * @param validationLoss mean, in nats; the same on every rank
     */
    public void evaluated(long step, double validationLoss) {
        evaluation.put(RunState.VALIDATION_STEP, Long.toString(step));
        evaluation.put(RunState.VALIDATION_LOSS, Double.toString(validationLoss));
    }

    @Override
    public void afterStep(TrainState state, StepResult result) {
        postWhenTimeIsUp(state);
        if (result.requests().contains(StepRequest.STOP)) {
            finish(state);
        } else if (result.requests().contains(StepRequest.SAVE)
                || policy.cadence().due(state.step())) {
            try {
                saveOnce(state);
            } catch (CheckpointException e) {
                if (e.error() == CheckpointError.STALE) {
                    throw e;
                }
                listener.on(new CheckpointEvent.Failed(state.step(), e));
            }
        }
    }

    // One rank's clock decides, and all agree on its request at the next step.
    private void postWhenTimeIsUp(TrainState state) {
        Instant now = writer.clock().instant();
        if (writer.peers().rank() == 0 && policy.cadence().timeIsUp(Duration.between(lastSave, now))) {
            state.request(StepRequest.SAVE);
            lastSave = now;
        }
    }

    /**
     * Saves the end of the run, unless that has been done.
     *
     * @throws CheckpointException if it cannot be saved
     */
    public void finish(TrainState state) {
        saveOnce(state);
    }

    private void saveOnce(TrainState state) {
        if (state.step() == savedStep) {
            listener.on(new CheckpointEvent.Skipped(state.step(), "this step is saved already"));
            return;
        }
        listener.on(new CheckpointEvent.Saving(state.step()));
        CheckpointEvent.Saved saved = writer.saveFrom(content.state(state, evaluation), content.share());
        savedStep = state.step();
        lastSave = writer.clock().instant();
        evaluation.clear();
        listener.on(saved);
        if (writer.peers().rank() == 0) {
            writer.housekeeping().thin(state.step(), policy.retention()).forEach(listener::on);
        }
    }
}
