package io.dunlin.launcher.agent;

import io.dunlin.data.DataPreparation;
import io.dunlin.data.PreparedData;
import io.dunlin.data.TextRequest;
import io.dunlin.data.TokenShards;
import io.dunlin.data.Tokenizer;
import io.dunlin.launcher.job.DataSettings;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.report.RunEvent;
import io.dunlin.launcher.worker.LaunchSpec.DataFiles;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Finds the token files of a run; makes them first if the job names a text. */
final class DataFinder {
    private final DataSettings settings;
    private final Installation installation;
    private final Consumer<RunEvent> listener;

    DataFinder(DataSettings settings, Installation installation, Consumer<RunEvent> listener) {
        this.settings = settings;
        this.installation = installation;
        this.listener = listener;
    }

    /**
     * The files.
     *
     * @throws io.dunlin.data.DataException if there are none, or the text cannot be prepared
     */
    DataFiles find() {
        Path here = Path.of("").toAbsolutePath();
        if (settings.text().isEmpty()) {
            return new DataFiles(
                    TokenShards.matching(here, settings.train()),
                    settings.validate().isEmpty() ? List.of() : TokenShards.matching(here, settings.validate()));
        }
        PreparedData prepared = new DataPreparation(
                        installation.dataCache(),
                        installation.javaHome(),
                        installation.home(),
                        this::progress,
                        Clock.systemUTC())
                .prepare(TextRequest.of(settings.text(), Tokenizer.named(settings.tokenizer()), settings.validation()));
        prepared.remarks().forEach(this::say);
        if (prepared.origin() == PreparedData.Origin.PREPARED) {
            say("prepared %,d texts, %,d tokens in %.1f s; kept in %s"
                    .formatted(
                            prepared.counts().documents(),
                            prepared.counts().trainTokens() + prepared.counts().validationTokens(),
                            prepared.seconds(),
                            prepared.train().getParent()));
        }
        Optional<Path> validation = prepared.validation();
        return new DataFiles(List.of(prepared.train()), validation.map(List::of).orElse(List.of()));
    }

    private void progress(String what, long doneBytes, long totalBytes) {
        say("%s: %d of %d MiB".formatted(what, doneBytes >> 20, totalBytes >> 20));
    }

    private void say(String text) {
        listener.accept(new RunEvent.Notice(Report.Level.INFO, text));
    }
}
