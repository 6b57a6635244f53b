package io.dunlin.launcher.agent;

import io.dunlin.launcher.report.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Watches for the files {@code STOP} and {@code SAVE}; takes each away as it is obeyed. */
final class SwitchFiles implements AutoCloseable {
    private static final long PERIOD_MS = 200;

    private final RunFolder folder;
    private final Consumer<AgentEvent> sink;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("switch-files").factory());

    SwitchFiles(RunFolder folder, Consumer<AgentEvent> sink) {
        this.folder = folder;
        this.sink = sink;
    }

    /** Begins to watch. */
    void start() {
        var _ = timer.scheduleWithFixedDelay(this::look, PERIOD_MS, PERIOD_MS, TimeUnit.MILLISECONDS);
    }

    /** Takes away what was left for an earlier agent. */
    void discard() {
        try {
            Files.deleteIfExists(folder.saveRequest());
            Files.deleteIfExists(folder.stopRequest());
        } catch (IOException e) {
            throw LaunchException.runFolder(folder.root(), e);
        }
    }

    /** Looks once. */
    void look() {
        take(folder.saveRequest(), AgentEvent.Ask.SAVE);
        take(folder.stopRequest(), AgentEvent.Ask.STOP);
    }

    private void take(Path file, AgentEvent.Ask what) {
        try {
            if (Files.deleteIfExists(file)) {
                sink.accept(new AgentEvent.Asked(what, "file " + file.getFileName()));
            }
        } catch (IOException e) {
            // A switch that cannot be taken away is looked at again next time.
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
