package io.dunlin.launcher.worker;

import io.dunlin.checkpoint.CheckpointEvent;
import io.dunlin.checkpoint.CheckpointListener;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the agent how saves go. */
final class CheckpointReports implements CheckpointListener {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointReports.class);

    private final AgentLink link;

    CheckpointReports(AgentLink link) {
        this.link = link;
    }

    @Override
    public void on(CheckpointEvent event) {
        switch (event) {
            case CheckpointEvent.Saving _ -> link.enter(Phase.SAVE);
            case CheckpointEvent.Saved saved ->
                link.report(
                        new Report.Saved(saved.step(), saved.folder().toString(), saved.bytes(), saved.durationNs()));
            case CheckpointEvent.Skipped skipped ->
                LOG.info("no save after step {}: {}", skipped.step(), skipped.reason());
            case CheckpointEvent.Failed failed -> {
                link.report(new Report.Notice(
                        Report.Level.WARNING,
                        failed.cause().code(),
                        "step %d was not saved: %s"
                                .formatted(failed.step(), failed.cause().getMessage())));
                link.enter(Phase.STEP);
            }
            case CheckpointEvent.Tidied tidied -> LOG.info("{}: {}", tidied.folder(), tidied.reason());
            case CheckpointEvent.NotTidied left ->
                link.report(new Report.Notice(
                        Report.Level.WARNING, "", "%s is left over: %s".formatted(left.folder(), left.reason())));
        }
    }
}
