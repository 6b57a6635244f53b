package io.dunlin.launcher.cli;

import io.dunlin.launcher.bench.BenchTransport;
import io.dunlin.launcher.report.JsonLine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** What the measurements between ranks have in common. */
final class BenchOptions {
    private static final Pattern BYTES = Pattern.compile("(\\d{1,12})([KMG]?)(i?B)?", Pattern.CASE_INSENSITIVE);
    private static final int FEWEST_RANKS = 2;
    private static final int MOST_RANKS = 64;

    /** More than any memory, and few enough to reckon with. */
    private static final long MOST_BYTES = 1L << 60;

    @Option(
            names = "--ranks",
            paramLabel = "N",
            defaultValue = "2",
            description = "How many ranks, each a process; ${DEFAULT-VALUE} if absent.")
    private int ranks;

    @Option(
            names = "--transport",
            paramLabel = "T",
            defaultValue = "shared",
            description =
                    "shared (tensors in memory that all ranks map), ipc (tensors through a media driver), udp (each"
                            + " rank stands for a host) or loopback (threads of one process); ${DEFAULT-VALUE} if absent.")
    private String transport = "";

    @Option(names = "--json", paramLabel = "FILE", defaultValue = "", description = "Write the result there as well.")
    private Path json = Path.of("");

    int ranks() {
        if (ranks < FEWEST_RANKS || ranks > MOST_RANKS) {
            throw wrong("--ranks", "%d to %d".formatted(FEWEST_RANKS, MOST_RANKS), Integer.toString(ranks));
        }
        return ranks;
    }

    BenchTransport transport() {
        String labels = Arrays.stream(BenchTransport.values())
                .map(BenchTransport::label)
                .collect(Collectors.joining(", "));
        return BenchTransport.labelled(transport)
                .orElseThrow(() -> wrong("--transport", "one of " + labels, transport));
    }

    /** Before anything is measured: whether the file that was asked for, if one was, can be written. */
    void requireWritable() {
        file().ifPresent(OutputFile::requireWritable);
    }

    /** Writes the file that was asked for, if one was. */
    void write(Object result) {
        file().ifPresent(file -> file.write(path -> Files.writeString(path, JsonLine.pretty(result))));
    }

    private Optional<OutputFile> file() {
        return json.toString().isEmpty() ? Optional.empty() : Optional.of(new OutputFile("--json", json));
    }

    /** Bytes of {@code 64}, {@code 1K}, {@code 256M} or {@code 1GiB}; powers of 1024. */
    static long bytes(String option, String text) {
        return parsed(text).orElseThrow(() -> wrong(option, "bytes like 1K, 256M or 1G", text));
    }

    private static Optional<Long> parsed(String text) {
        Matcher matcher = BYTES.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        int shift = 10
                * " KMG"
                        .indexOf((matcher.group(2) + " ")
                                .toUpperCase(Locale.ROOT)
                                .charAt(0));
        try {
            return Optional.of(Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift))
                    .filter(bytes -> bytes <= MOST_BYTES);
        } catch (ArithmeticException tooLarge) {
            return Optional.empty();
        }
    }

    /** A time as tables show it. */
    static String microseconds(double time) {
        return String.format(Locale.ROOT, time < 1000 ? "%.2f" : "%.1f", time);
    }

    static CliException wrong(String option, String expected, String found) {
        return new CliException(
                "DUN-100",
                "%s expects %s, found %s".formatted(option, expected, found),
                "dunlin bench collectives --help and dunlin bench link --help say what there is");
    }
}
