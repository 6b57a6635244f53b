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
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Lets the model write every so many steps, and at the end. Where all ranks have the same weights, rank 0 writes, and the
 * others are in the same phase meanwhile.
 */
final class SampleReports implements StepListener {
    private final AgentLink link;
    private final SampleSettings settings;
    private final long seed;
    private final Optional<TextGenerator> generator;
    private final Consumer<Report> reports;

    private SampleReports(AgentLink link, Job job, Optional<TextGenerator> generator, Consumer<Report> reports) {
        this.link = link;
        this.reports = reports;
        this.settings = job.eval().sample();
        this.seed = job.run().seed();
        this.generator = generator;
    }

    /** For rank 0: allocates what the longest sample needs. */
    static SampleReports writing(AgentLink link, Job job, Model model) {
        return new SampleReports(link, job, Optional.of(generator(job, model)), link::report);
    }

    /** For a rank without which the others cannot write: it writes the same, and tells nobody. */
    static SampleReports helping(AgentLink link, Job job, Model model) {
        return new SampleReports(link, job, Optional.of(generator(job, model)), report -> {});
    }

    private static TextGenerator generator(Job job, Model model) {
        SampleSettings settings = job.eval().sample();
        Tokenizer tokenizer = Tokenizer.named(job.data().tokenizer());
        TextGenerator generator = new TextGenerator(model, tokenizer);
        int prompt = tokenizer.encode(settings.prompt().getBytes(StandardCharsets.UTF_8)).length;
        generator.plan(prompt + settings.tokens());
        return generator;
    }

    /** For all other ranks, and where no samples are wanted. */
    static SampleReports waiting(AgentLink link, Job job) {
        return new SampleReports(link, job, Optional.empty(), report -> {});
    }

    @Override
    public void afterStep(TrainState state, StepResult result) {
        if (due(result.step())) {
            sample(result.step());
        }
    }

    /** Writes a sample, unless this step's has been written. */
    void atTheEnd(TrainState state) {
        if (!due(state.step())) {
            sample(state.step());
        }
    }

    private boolean due(long step) {
        return settings.interval() > 0 && step % settings.interval() == 0;
    }

    private void sample(long step) {
        link.enter(Phase.EVALUATE);
        generator.ifPresent(writer -> reports.accept(sample(step, writer)));
    }

    private Report sample(long step, TextGenerator writer) {
        try {
            String text = writer.text(
                    settings.prompt(),
                    new TextGenerator.Settings(settings.tokens(), settings.temperature(), 0, seed),
                    _ -> {});
            return new Report.Sampled(step, settings.prompt(), text);
        } catch (ModelException e) {
            // A model that cannot write is no reason to lose the run.
            return new Report.Notice(Report.Level.WARNING, e.code(), "no sample: " + e.getMessage());
        }
    }
}
