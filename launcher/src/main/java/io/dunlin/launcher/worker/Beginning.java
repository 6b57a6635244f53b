package io.dunlin.launcher.worker;

import io.dunlin.checkpoint.Peers;
import io.dunlin.checkpoint.Restore;
import io.dunlin.checkpoint.Restored;
import io.dunlin.checkpoint.RunContent;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.report.Report;
import io.dunlin.model.Model;
import io.dunlin.train.TrainState;
import java.time.InstantSource;
import java.util.List;

/** Puts a run where it begins: at a checkpoint, or at initial weights. */
final class Beginning {
    private final LaunchSpec spec;
    private final Job job;
    private final RunContent content;
    private final AgentLink link;
    private final Restore restore;

    Beginning(LaunchSpec spec, Job job, RunContent content, Peers peers, AgentLink link) {
        this.spec = spec;
        this.job = job;
        this.content = content;
        this.link = link;
        this.restore = new Restore(Training.folder(spec), peers, InstantSource.system());
    }

    void begin(Model model, TrainState state) {
        switch (spec.start().kind()) {
            case SCRATCH -> model.initialise(job.run().seed());
            case STEP -> resume(restore.at(spec.start().step(), content.tensors()), List.of(), model, state);
            case NEWEST -> {
                Restore.Outcome outcome = restore.newest(content.tensors());
                List<String> skipped = outcome.rejected().stream()
                        .map(rejected -> "%s  %s: skipped"
                                .formatted(rejected.reason().code(), rejected.reason().getMessage()))
                        .toList();
                if (outcome.restored().isPresent()) {
                    resume(outcome.restored().get(), skipped, model, state);
                } else {
                    model.initialise(job.run().seed());
                }
            }
        }
    }

    private void resume(Restored restored, List<String> skipped, Model model, TrainState state) {
        content.resume(restored.state(), state);
        model.valuesLoaded();
        link.report(new Report.Restored(
                state.step(), restored.folder().toString(), restored.bytes(), restored.durationNs(), skipped));
    }
}
