package io.dunlin.launcher.place;

import java.util.List;
import java.util.stream.IntStream;

/**
 * A rank among the ranks of its host.
 *
 * @param rank its number in the world
 * @param here all ranks of the host, this one included
 * @param threads that this one may compute with on the CPU
 */
public record Seat(int rank, List<Integer> here, int threads) {
    /** Checks that the rank is one of those here. */
    public Seat {
        here = List.copyOf(here);
        if (!here.contains(rank)) {
            throw new IllegalArgumentException("rank %d is not among those of its host, %s".formatted(rank, here));
        }
    }

    /** Nobody else computes here. */
    public static Seat alone(int threads) {
        return new Seat(0, List.of(0), threads);
    }

    /** Whether this rank speaks for its host. */
    boolean isFirst() {
        return here.getFirst() == rank;
    }

    /** Which of {@code gpus} is this rank's: they are dealt out in turn. */
    public int gpu(int gpus) {
        return here.indexOf(rank) % gpus;
    }

    /** The ranks that compute on this rank's GPU. */
    public List<Integer> sharing(int gpus) {
        return IntStream.range(0, here.size())
                .filter(index -> index % gpus == gpu(gpus))
                .mapToObj(here::get)
                .toList();
    }
}
