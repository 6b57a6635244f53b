package io.dunlin.launcher.worker;

import io.dunlin.launcher.report.Report;
import io.dunlin.train.StepListener;
import io.dunlin.train.StepResult;
import io.dunlin.train.TrainState;

/** Tells the agent of every step; the agent decides what to show. Also where an order to give up takes effect. */
final class StepReports implements StepListener {
    private final AgentLink link;
    private final Orders orders;
    private final long steps;

    StepReports(AgentLink link, Orders orders, long steps) {
        this.link = link;
        this.orders = orders;
        this.steps = steps;
    }

    @Override
    public void afterStep(TrainState state, StepResult result) {
        orders.throwIfAborted();
        StepResult.Times times = result.times();
        link.report(new Report.Step(
                result.step(),
                steps,
                result.loss(),
                result.gradientNorm(),
                result.learningRate(),
                result.updated(),
                result.tokens(),
                state.tokens(),
                times.stepNs(),
                times.dataNs(),
                times.communicationNs(),
                times.updateNs()));
    }
}
