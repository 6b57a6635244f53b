package io.dunlin.launcher.place;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which rank runs where, with how many compute threads.
 *
 * @param places by rank
 */
public record Placement(List<Place> places) {
    /** Copies the list. */
    public Placement {
        places = List.copyOf(places);
    }

    /**
     * One rank's place.
     *
     * @param rank its number in the world
     * @param host name
     * @param threads compute threads
     */
    public record Place(int rank, String host, int threads) {}

    /**
     * All ranks on one host, sharing its cores evenly; the first ranks get what is left over.
     *
     * @param cores of the host
     * @param threads of each rank as asked for; 0 shares the cores
     */
    public static Placement onOneHost(String host, int ranks, int cores, int threads) {
        return new Placement(IntStream.range(0, ranks)
                .mapToObj(rank -> new Place(
                        rank,
                        host,
                        threads > 0 ? threads : Math.max(1, cores / ranks + (rank < cores % ranks ? 1 : 0))))
                .toList());
    }

    /**
     * A host with ranks on it.
     *
     * @param name of the host
     * @param ranks how many; they have consecutive numbers
     * @param cores of the host, shared evenly
     */
    public record Share(String name, int ranks, int cores) {}

    /** Ranks in blocks, host by host. */
    public static Placement over(List<Share> hosts, int threads) {
        List<Place> places = new ArrayList<>();
        for (Share host : hosts) {
            for (Place place : onOneHost(host.name(), host.ranks(), host.cores(), threads).places) {
                places.add(new Place(places.size(), place.host(), place.threads()));
            }
        }
        return new Placement(places);
    }

    /** How many ranks. */
    public int ranks() {
        return places.size();
    }

    /**
     * What all ranks of a generation must agree on: the run, its generation, and who is where. 16 hexadecimal digits of
     * a SHA-256.
     */
    public String memberHash(String runId, long generation) {
        StringBuilder text = new StringBuilder(runId).append('\n').append(generation);
        for (Place place : places) {
            text.append('\n').append(place.rank()).append(' ').append(place.host());
        }
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256").digest(text.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
