package io.dunlin.launcher.worker;

import io.dunlin.data.Tokenizer;
import io.dunlin.launcher.job.EvalSettings.SampleSettings;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.model.Model;
import io.dunlin.model.ModelException;
import io.dunlin.model.TextGenerator;
import io.dunlin.train.StepListener;
import io.dunlin.train.StepResult;
import io.dunlin.train.TrainState;
import java.nio.charset.StandardCharsets;

/** Lets the model write every so many steps, and at the end; on rank 0 alone, all have the same weights. */
final class SampleReports implements StepListener {
    private final AgentLink link;
    private final SampleSettings settings;
    private final long seed;
    private final TextGenerator generator;

    /** Allocates what the longest sample needs. */
    SampleReports(AgentLink link, Job job, Model model) {
        this.link = link;
        this.settings = job.eval().sample();
        this.seed = job.run().seed();
        Tokenizer tokenizer = Tokenizer.named(job.data().tokenizer());
        generator = new TextGenerator(model, tokenizer);
        generator.plan(tokenizer.encode(settings.prompt().getBytes(StandardCharsets.UTF_8)).length
                + settings.tokens());
    }

    @Override
    public void afterStep(TrainState state, StepResult result) {
        if (settings.interval() > 0 && result.step() % settings.interval() == 0) {
            sample(result.step());
        }
    }

    /** Writes a sample, unless this step's has been written. */
    void atTheEnd(TrainState state) {
        if (settings.interval() == 0 || state.step() % settings.interval() != 0) {
            sample(state.step());
        }
    }

    private void sample(long step) {
        link.enter(Phase.EVALUATE);
        try {
            String text = generator.text(
                    settings.prompt(),
                    new TextGenerator.Settings(settings.tokens(), settings.temperature(), 0, seed),
                    _ -> {});
            link.report(new Report.Sampled(step, settings.prompt(), text));
        } catch (ModelException e) {
            // A model that cannot write is no reason to lose the run.
            link.report(new Report.Notice(Report.Level.WARNING, e.code(), "no sample: " + e.getMessage()));
        }
    }
}
