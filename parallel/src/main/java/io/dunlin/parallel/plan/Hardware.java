package io.dunlin.parallel.plan;

import io.dunlin.collectives.Topology.Scale;
import io.dunlin.model.Precision;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * Figures of a device and of the links between ranks that have one each: published, or measured.
 *
 * @param name as people write it
 * @param memoryBytes of each rank
 * @param halfFlops peak of products in 16 bits, operations a second
 * @param singleFlops peak of products in F32
 * @param packageRanks ranks that share a package; 0 if packages have one
 * @param packageLink between the ranks of a package
 * @param hostLink of a rank to others of its host
 * @param networkLink of a host to others
 * @param source of the figures
 */
public record Hardware(
        String name,
        long memoryBytes,
        double halfFlops,
        double singleFlops,
        int packageRanks,
        Link packageLink,
        Link hostLink,
        Link networkLink,
        String source) {
    private static final String TABLE = "hardware.tsv";
    private static final Link MEMORY_OF_A_HOST = new Link(5e9, 4e-6); // what two ranks of a host exchange through it
    private static final double NETWORK_LATENCY_SECONDS = 40e-6;

    /**
     * A link.
     *
     * @param bytesPerSecond one way
     * @param latencySeconds of a message that others wait for
     */
    public record Link(double bytesPerSecond, double latencySeconds) {}

    /** The accelerators that are known. */
    public static List<Hardware> known() {
        InputStream table = Objects.requireNonNull(Hardware.class.getResourceAsStream(TABLE), TABLE);
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(table, StandardCharsets.UTF_8))) {
            return lines.lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> of(line.split("\t")))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The one of this name. */
    public static Optional<Hardware> named(String name) {
        return known().stream().filter(one -> one.name.equals(name)).findFirst();
    }

    /**
     * A device of which somebody measured what it reaches; ranks of a host exchange through its memory, which has no limit
     * here.
     *
     * @param flops operations a second that a rank reaches, in any precision
     * @param networkBytesPerSecond what a host can send to others
     */
    public static Hardware measured(double flops, double networkBytesPerSecond) {
        return new Hardware(
                String.format(Locale.ROOT, "%.0f GFLOP/s", flops / 1e9),
                Long.MAX_VALUE,
                flops,
                flops,
                0,
                MEMORY_OF_A_HOST,
                MEMORY_OF_A_HOST,
                new Link(networkBytesPerSecond, NETWORK_LATENCY_SECONDS),
                "measured");
    }

    private static Hardware of(String[] cells) {
        int packageRanks = Integer.parseInt(cells[4]);
        Link host = link(cells[6], cells[8]);
        return new Hardware(
                cells[0],
                Long.parseLong(cells[1]) << 30,
                Double.parseDouble(cells[2]) * 1e12,
                Double.parseDouble(cells[3]) * 1e12,
                packageRanks,
                packageRanks == 0 ? host : link(cells[5], cells[8]),
                host,
                link(cells[7], cells[9]),
                cells[10]);
    }

    private static Link link(String gigabytes, String microseconds) {
        return new Link(Double.parseDouble(gigabytes) * 1e9, Double.parseDouble(microseconds) * 1e-6);
    }

    /** Peak operations a second. */
    public double flops(Precision precision) {
        return precision == Precision.F32 ? singleFlops : halfFlops;
    }

    /** Links of a level: a rank's inside a host, a host's between hosts. */
    public Link link(Scale level) {
        return switch (level) {
            case PACKAGE -> packageLink;
            case HOST -> hostLink;
            case CLUSTER -> networkLink;
        };
    }
}
