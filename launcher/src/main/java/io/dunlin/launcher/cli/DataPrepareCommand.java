package io.dunlin.launcher.cli;

import io.dunlin.data.DataPreparation;
import io.dunlin.data.PreparedData;
import io.dunlin.data.TextRequest;
import io.dunlin.data.Tokenizer;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.Readable;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dunlin data prepare}: makes token shards of a text. */
@Command(
        name = "prepare",
        description = "Makes token shards of a text, once; train does it by itself where it is needed.")
final class DataPrepareCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Parameters(paramLabel = "TEXT", description = "File, folder, .zip, .jsonl, or jdk-source.")
    private String text = "";

    @Option(
            names = "--tokenizer",
            paramLabel = "NAME",
            defaultValue = "byte",
            description = "byte or gpt2; ${DEFAULT-VALUE} if absent.")
    private String tokenizer = "";

    @Option(
            names = "--validation",
            paramLabel = "SHARE",
            defaultValue = "0.05",
            description = "Share of the tokens kept for validation; ${DEFAULT-VALUE} if absent.")
    private double validation;

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            defaultValue = "",
            description = "Where to put them; the user's cache if absent, where train finds them.")
    private Path out = Path.of("");

    DataPrepareCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        Installation installation = Installation.current();
        Path cache = out.toString().isEmpty() ? installation.dataCache() : out;
        PreparedData prepared = new DataPreparation(
                        cache, installation.javaHome(), installation.home(), this::progress, Clock.systemUTC())
                .prepare(TextRequest.of(text, Tokenizer.named(tokenizer), validation));
        print(prepared, terminal.out());
        return ExitCode.DONE.number();
    }

    private void progress(String what, long doneBytes, long totalBytes) {
        terminal.err()
                .println(terminal.style()
                        .faint("%s: %s of %s".formatted(what, Readable.bytes(doneBytes), Readable.bytes(totalBytes))));
    }

    private void print(PreparedData prepared, PrintStream to) {
        PreparedData.Counts counts = prepared.counts();
        prepared.remarks().forEach(remark -> to.println("   " + remark));
        to.printf(
                "%-10s %s in %s texts, tokenizer %s, %s%n",
                prepared.origin() == PreparedData.Origin.CACHED ? "found" : "prepared",
                Readable.bytes(counts.textBytes()),
                Readable.count(counts.documents()),
                prepared.tokenizer(),
                String.format(java.util.Locale.ROOT, "%.1f s", prepared.seconds()));
        to.printf("%-10s %s tokens  %s%n", "train", Readable.count(counts.trainTokens()), prepared.train());
        prepared.validation()
                .ifPresent(path -> to.printf(
                        "%-10s %s tokens  %s%n", "validate", Readable.count(counts.validationTokens()), path));
    }
}
