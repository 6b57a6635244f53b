package io.dunlin.launcher.agent;

import io.dunlin.collectives.flight.FlightReader;
import io.dunlin.collectives.flight.FlightRecorder;
import io.dunlin.collectives.flight.Sighting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the ranks of a generation have written about their communication, as far as the agent can read it.
 *
 * <p>While a rank runs, that is only what ranks of the agent's own host have written: another host's clock began elsewhere,
 * and what is written there into a mapped file may not be seen here before it is closed.
 */
final class RankSightings implements AutoCloseable {
    private final Path folder;
    private final List<RankWatch> ranks;
    private final Map<Integer, FlightReader> readers = new HashMap<>();

    /**
     * Sees nothing yet.
     *
     * @param folder with a file for each rank
     * @param ranks where they will appear
     */
    RankSightings(Path folder, List<RankWatch> ranks) {
        this.folder = folder;
        this.ranks = ranks;
    }

    /** Whether a rank is on the agent's own host. */
    boolean isOwn(int rank) {
        return ranks.get(rank).handle().host().isEmpty();
    }

    /** Ranks of the agent's own host, as far as they have news since this was called last. */
    List<Sighting> ownSinceLast() {
        List<Sighting> seen = new ArrayList<>();
        for (RankWatch watch : ranks) {
            // Whether its process runs is asked first: what it wrote before it ended is then seen in full.
            boolean works = works(watch);
            if (isOwn(watch.rank())) {
                reader(watch.rank()).ifPresent(reader -> seen.add(new Sighting(reader.readOn(), works)));
            }
        }
        return seen;
    }

    /** Ranks of the agent's own host. */
    List<Sighting> own() {
        return ranks.stream()
                .filter(watch -> isOwn(watch.rank()))
                .flatMap(watch -> once(watch).stream())
                .toList();
    }

    /** Ranks of the agent's own host, and those of others that have ended: nothing of these can be compared in time. */
    List<Sighting> ownAndEnded() {
        return ranks.stream()
                .filter(watch -> isOwn(watch.rank()) || !watch.running())
                .flatMap(watch -> once(watch).stream())
                .toList();
    }

    private Optional<Sighting> once(RankWatch watch) {
        Path file = file(watch.rank());
        boolean works = works(watch);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try (FlightReader reader = FlightReader.open(file)) {
            return Optional.of(new Sighting(reader.read(), works));
        }
    }

    private Optional<FlightReader> reader(int rank) {
        if (!readers.containsKey(rank) && Files.exists(file(rank))) {
            readers.put(rank, FlightReader.open(file(rank)));
        }
        return Optional.ofNullable(readers.get(rank));
    }

    private Path file(int rank) {
        return folder.resolve(FlightRecorder.fileName(rank));
    }

    /** One that has said that it failed is as good as gone. */
    private static boolean works(RankWatch watch) {
        return watch.running() && !watch.hasFailed();
    }

    @Override
    public void close() {
        readers.values().forEach(FlightReader::close);
        readers.clear();
    }
}
