package io.dunlin.train;

import io.dunlin.data.Batch;
import io.dunlin.data.BatchSource;
import io.dunlin.data.Share;
import io.dunlin.optim.LearningRate;
import io.dunlin.optim.Optimizer;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * The training loop: batch, forward and backward, update. Whatever else happens around a step is a listener's.
 *
 * <p>All ranks run the same loop; they decide from agreed values only, so all skip, stop and end together.
 */
public final class Trainer {
    /** Added to the norm that clipping divides by. */
    private static final double CLIP_EPSILON = 1e-6;

    /** Why training ended. */
    public enum Ending {
        /** All steps are done. */
        COMPLETE,
        /** Somebody asked to stop, and all ranks agreed. */
        STOPPED
    }

    /**
     * What does not change during a run.
     *
     * @param learningRate of each step
     * @param clip largest global L2 norm of the gradient; 0 clips nothing
     * @param share which micro-batches of a step are this rank's
     */
    public record Settings(LearningRate learningRate, double clip, Share share) {}

    private final StepExecutor executor;
    private final Optimizer optimizer;
    private final BatchSource batches;
    private final Settings settings;
    private final LongSupplier clockNs;
    private final List<StepListener> listeners;

    /**
     * Joins the parts of a run.
     *
     * @param clockNs for the times in results, for example {@code System::nanoTime}
     * @param listeners notified in this order, which is the same on all ranks
     */
    public Trainer(
            StepExecutor executor,
            Optimizer optimizer,
            BatchSource batches,
            Settings settings,
            LongSupplier clockNs,
            List<StepListener> listeners) {
        this.executor = executor;
        this.optimizer = optimizer;
        this.batches = batches;
        this.settings = settings;
        this.clockNs = clockNs;
        this.listeners = List.copyOf(listeners);
    }

    /** Steps until {@code totalSteps} are done since the run began, or all ranks have agreed to stop. */
    public Ending run(TrainState state, long totalSteps) {
        while (state.step() < totalSteps) {
            StepResult result = step(state);
            for (StepListener listener : listeners) {
                listener.afterStep(state, result);
            }
            if (result.requests().contains(StepRequest.STOP)) {
                return Ending.STOPPED;
            }
        }
        return Ending.COMPLETE;
    }

    private StepResult step(TrainState state) {
        long startNs = clockNs.getAsLong();
        Batch batch = batches.next(state.position(), settings.share);
        long batchNs = clockNs.getAsLong();
        StepOutcome outcome = executor.run(batch, state);
        long computedNs = clockNs.getAsLong();
        double learningRate = settings.learningRate.at(state.step());
        boolean finite = Double.isFinite(outcome.loss()) && Double.isFinite(outcome.gradientNorm());
        long refreshNs = finite ? update(state, outcome.gradientNorm(), learningRate) : 0;
        state.advance(batch.globalTargets(), batch.next());
        long endNs = clockNs.getAsLong();
        return new StepResult(
                state.step(),
                outcome.loss(),
                outcome.gradientNorm(),
                learningRate,
                finite,
                batch.globalTargets(),
                TrainState.decode(outcome.requests()),
                new StepResult.Times(
                        endNs - startNs,
                        batchNs - startNs,
                        outcome.communicationNs() + refreshNs,
                        endNs - computedNs - refreshNs));
    }

    /** Updates, and says how long it has waited for the new weights of other ranks. */
    private long update(TrainState state, double gradientNorm, double learningRate) {
        for (StepListener listener : listeners) {
            listener.beforeUpdate(state);
        }
        double scale = settings.clip > 0 ? Math.min(1.0, settings.clip / (gradientNorm + CLIP_EPSILON)) : 1.0;
        optimizer.update(executor.owned(), (float) learningRate, (float) scale);
        return executor.weightsUpdated();
    }
}
