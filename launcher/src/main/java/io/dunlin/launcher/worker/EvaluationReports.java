package io.dunlin.launcher.worker;

import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.train.Evaluation;
import io.dunlin.train.StepListener;
import io.dunlin.train.StepResult;
import io.dunlin.train.TrainState;

/** Evaluates every so many steps and tells the agent, and whoever keeps the best checkpoint. */
final class EvaluationReports implements StepListener {
    private final AgentLink link;
    private final Evaluation evaluation;
    private final long interval;
    private final long tokens;
    private final Evaluation.Report further;
    private double best = Double.POSITIVE_INFINITY;

    EvaluationReports(AgentLink link, Evaluation evaluation, long interval, long tokens, Evaluation.Report further) {
        this.link = link;
        this.evaluation = evaluation;
        this.interval = interval;
        this.tokens = tokens;
        this.further = further;
    }

    @Override
    public void afterStep(TrainState state, StepResult result) {
        if (result.step() % interval != 0) {
            return;
        }
        link.enter(Phase.EVALUATE);
        long startNs = System.nanoTime();
        double loss = evaluation.loss();
        boolean better = loss < best;
        best = Math.min(best, loss);
        link.report(new Report.Evaluated(result.step(), loss, tokens, System.nanoTime() - startNs, better));
        further.evaluated(result.step(), loss);
    }
}
