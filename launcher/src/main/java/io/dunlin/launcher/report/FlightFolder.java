package io.dunlin.launcher.report;

import io.dunlin.collectives.flight.Flight;
import io.dunlin.collectives.flight.FlightReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The flight recordings of a run: a folder for each generation, a file for each rank.
 *
 * @param run whose they are
 */
public record FlightFolder(RunFolder run) {
    private static final Pattern GENERATION = Pattern.compile("gen-(\\d+)");
    private static final int KEPT = 4;

    /** Generations with recordings, oldest first. */
    public List<Long> generations() {
        List<Long> found = new ArrayList<>();
        if (Files.isDirectory(run.flights())) {
            try (Stream<Path> folders = Files.list(run.flights())) {
                folders.map(folder -> GENERATION.matcher(folder.getFileName().toString()))
                        .filter(Matcher::matches)
                        .map(name -> Long.parseLong(name.group(1)))
                        .forEach(found::add);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + run.flights(), e);
            }
        }
        found.sort(Comparator.naturalOrder());
        return found;
    }

    /** What the ranks of a generation have written, by rank. */
    public List<Flight> read(long generation) {
        List<Flight> flights = new ArrayList<>();
        for (Path file : files(run.flights(generation), "*.flight")) {
            try (FlightReader reader = FlightReader.open(file)) {
                flights.add(reader.read());
            }
        }
        flights.sort(Comparator.comparingInt(Flight::rank));
        return flights;
    }

    /** Makes room for one more generation: removes what is there of all but the last few. */
    public void prune() throws IOException {
        List<Long> found = generations();
        for (long old : found.subList(0, Math.max(0, found.size() - (KEPT - 1)))) {
            for (Path file : files(run.flights(old), "*")) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(run.flights(old));
        }
    }

    private static List<Path> files(Path folder, String glob) {
        List<Path> files = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, glob)) {
                found.forEach(files::add);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + folder, e);
            }
        }
        return files;
    }
}
