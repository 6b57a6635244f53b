package io.dunlin.collectives.flight;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;

/** Shows the flight files of all ranks to a sentinel, as the node agent does. Used by one thread. */
public final class Watchdog implements AutoCloseable {
    private final Path folder;
    private final int ranks;
    private final IntPredicate running;
    private final LongSupplier clockNs;
    private final Sentinel sentinel;
    private final TreeMap<Integer, FlightReader> readers = new TreeMap<>();

    /**
     * Watches nothing yet; files may appear later.
     *
     * @param folder with a file for each rank
     * @param ranks in the world
     * @param running whether the process of a rank is there
     * @param clockNs the clock of the ranks: {@code System.nanoTime} is the same in all processes of a host
     * @param sentinel that judges
     */
    public Watchdog(Path folder, int ranks, IntPredicate running, LongSupplier clockNs, Sentinel sentinel) {
        this.folder = folder;
        this.ranks = ranks;
        this.running = running;
        this.clockNs = clockNs;
        this.sentinel = sentinel;
    }

    /** What is new since the last look. */
    public List<Verdict> look() {
        return sentinel.look(clockNs.getAsLong(), sightings(FlightReader::readOn));
    }

    /** What the ranks wait for now, however short they have. */
    public Optional<Verdict> explain() {
        return sentinel.explain(clockNs.getAsLong(), sightings(FlightReader::read));
    }

    /** Whether a process runs is asked first: what it wrote before it ended is then seen in full. */
    private List<Sighting> sightings(Function<FlightReader, Flight> read) {
        openNew();
        List<Sighting> seen = new ArrayList<>();
        readers.forEach((rank, reader) -> {
            boolean runs = running.test(rank);
            seen.add(new Sighting(read.apply(reader), runs));
        });
        return seen;
    }

    private void openNew() {
        for (int rank = 0; rank < ranks; rank++) {
            Path file = folder.resolve(FlightRecorder.fileName(rank));
            if (!readers.containsKey(rank) && Files.exists(file)) {
                readers.put(rank, FlightReader.open(file));
            }
        }
    }

    @Override
    public void close() {
        readers.values().forEach(FlightReader::close);
        readers.clear();
    }
}
