package io.dunlin.launcher.worker;

import io.dunlin.checkpoint.CheckpointLocation;
import io.dunlin.checkpoint.Peers;
import io.dunlin.checkpoint.Restore;
import io.dunlin.checkpoint.Restored;
import io.dunlin.checkpoint.Restored.AuxiliaryFound;
import io.dunlin.checkpoint.RunContent;
import io.dunlin.checkpoint.format.LocalStorage;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.report.Report;
import io.dunlin.model.Model;
import io.dunlin.train.TrainState;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/** Puts a run where it begins: at a checkpoint, or at initial weights. */
final class Beginning {
    private final LaunchSpec spec;
    private final Job job;
    private final RunContent content;
    private final AgentLink link;
    private final Peers peers;
    private final Restore restore;

    Beginning(LaunchSpec spec, Job job, RunContent content, Peers peers, AgentLink link) {
        this.spec = spec;
        this.job = job;
        this.content = content;
        this.link = link;
        this.peers = peers;
        this.restore = new Restore(Training.folder(spec), peers, InstantSource.system(), content.host());
    }

    void begin(Model model, TrainState state) {
        switch (spec.start().kind()) {
            case SCRATCH -> initialise(model);
            case STEP ->
                resume(
                        restore.at(spec.start().step(), content.tensors(), content.auxiliary()),
                        List.of(),
                        model,
                        state);
            case NEWEST -> {
                Restore.Outcome outcome = restore.newest(content.tensors(), content.auxiliary());
                List<String> skipped = outcome.rejected().stream()
                        .map(rejected -> "%s  %s: skipped"
                                .formatted(
                                        rejected.reason().code(),
                                        rejected.reason().getMessage()))
                        .toList();
                if (outcome.restored().isPresent()) {
                    resume(outcome.restored().get(), skipped, model, state);
                } else {
                    initialise(model);
                }
            }
        }
    }

    private void initialise(Model model) {
        String init = job.model().init();
        if (init.isEmpty()) {
            model.initialise(job.run().seed());
            return;
        }
        CheckpointLocation.of(Path.of(init), new LocalStorage())
                .load(peers, InstantSource.system(), RunContent.weights(model.owned()), model.host());
        model.valuesLoaded();
    }

    private void resume(Restored restored, List<String> skipped, Model model, TrainState state) {
        content.resume(restored.state(), state);
        model.valuesLoaded();
        if (peers.rank() == 0) {
            unlike(restored.auxiliary()).ifPresent(link::report);
        }
        link.report(new Report.Restored(
                state.step(), restored.folder().toString(), restored.bytes(), restored.durationNs(), skipped));
    }

    /** What is to be said of quantised transfers that went on in another layout, if anything. */
    private Optional<Report> unlike(AuxiliaryFound found) {
        boolean fewerRanks = found.savedBy() > peers.size();
        if (found.wanted() == 0 || found.missing() == 0 && !fewerRanks) {
            return Optional.empty();
        }
        String text =
                "the checkpoint was saved by %d ranks in another layout or with other quantisation: of what quantised"
                        + " transfers carry, %d of %d parts go on, the others begin anew%s";
        return Optional.of(new Report.Notice(
                Report.Level.INFO,
                "",
                text.formatted(
                        found.savedBy(),
                        found.wanted() - found.missing(),
                        found.wanted(),
                        fewerRanks ? "; what was lost on ranks that are no more is dropped" : "")));
    }
}
