package io.dunlin.parallel.mesh;

import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Topology.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A regular topology as people write it: {@code 2x4} is two hosts of four ranks, {@code 2x2x3} two hosts of two packages
 * of three ranks. Ranks are numbered host by host, package by package.
 *
 * @param hosts in the cluster
 * @param packages of each host; 0 if nobody said
 * @param ranks of each package, or of each host where packages are not known
 */
public record TopologyText(int hosts, int packages, int ranks) {
    /** For messages: what is expected. */
    public static final String FORM = "HOSTSxRANKS or HOSTSxPACKAGESxRANKS such as \"2x4\" or \"2x2x2\"";

    private static final Pattern PATTERN = Pattern.compile("(\\d{1,5})x(?:(\\d{1,5})x)?(\\d{1,5})");

    /** Checks the numbers. */
    public TopologyText {
        if (hosts < 1 || packages < 0 || ranks < 1) {
            throw new IllegalArgumentException("%d hosts, %d packages, %d ranks".formatted(hosts, packages, ranks));
        }
    }

    /** What {@code text} says; empty if it has another form or a zero in it. */
    public static Optional<TopologyText> parse(String text) {
        Matcher matcher = PATTERN.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        int hosts = Integer.parseInt(matcher.group(1));
        boolean hasPackages = matcher.group(2) != null;
        int packages = hasPackages ? Integer.parseInt(matcher.group(2)) : 0;
        int ranks = Integer.parseInt(matcher.group(3));
        boolean zeros = hosts == 0 || ranks == 0 || (hasPackages && packages == 0);
        return zeros ? Optional.empty() : Optional.of(new TopologyText(hosts, packages, ranks));
    }

    /** Whether it says which ranks share a package. */
    public boolean knowsPackages() {
        return packages > 0;
    }

    /** Ranks of each host. */
    public long ranksPerHost() {
        return (long) Math.max(1, packages) * ranks;
    }

    /** All ranks. */
    public long size() {
        return hosts * ranksPerHost();
    }

    /** Where each rank is. */
    public Topology topology() {
        List<Place> places = new ArrayList<>();
        for (int host = 0; host < hosts; host++) {
            for (int rank = 0; rank < ranksPerHost(); rank++) {
                String socket = knowsPackages() ? "package" + rank / ranks : "";
                places.add(new Place("host" + host, socket));
            }
        }
        return new Topology(places);
    }

    @Override
    public String toString() {
        return knowsPackages() ? hosts + "x" + packages + "x" + ranks : hosts + "x" + ranks;
    }
}
