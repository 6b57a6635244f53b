package io.dunlin.checkpoint;

import io.dunlin.collectives.Communicator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** Several ranks as threads of this JVM. */
final class Ranks {
    private Ranks() {}

    /** What one rank returned or threw. */
    sealed interface Ending<T> {
        record Returned<T>(T value) implements Ending<T> {}

        record Threw<T>(RuntimeException cause) implements Ending<T> {}

        /** The value; throws what the rank threw. */
        default T value() {
            return switch (this) {
                case Returned<T>(T value) -> value;
                case Threw<T>(RuntimeException cause) -> throw cause;
            };
        }

        /** What the rank threw. */
        default RuntimeException cause() {
            return switch (this) {
                case Returned<T>(T value) -> throw new AssertionError("returned " + value);
                case Threw<T>(RuntimeException cause) -> cause;
            };
        }
    }

    /** Runs {@code work} on {@code size} ranks at once; the endings in order of ranks. */
    static <T> List<Ending<T>> run(int size, Function<Peers, T> work) {
        if (size == 1) {
            return List.of(ending(() -> work.apply(Peers.alone())));
        }
        return on(MeetingCommunicator.ofRanks(size), work);
    }

    /** Runs {@code work} on the ranks of these communicators at once; the endings in order of ranks. */
    static <T> List<Ending<T>> on(List<Communicator> communicators, Function<Peers, T> work) {
        try (ExecutorService threads = Executors.newFixedThreadPool(communicators.size())) {
            List<Future<Ending<T>>> futures = new ArrayList<>();
            for (Communicator communicator : communicators) {
                futures.add(threads.submit(() -> ending(() -> work.apply(Peers.over(communicator)))));
            }
            List<Ending<T>> endings = new ArrayList<>();
            for (Future<Ending<T>> future : futures) {
                endings.add(future.get(60, TimeUnit.SECONDS));
            }
            return endings;
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    private static <T> Ending<T> ending(java.util.function.Supplier<T> work) {
        try {
            return new Ending.Returned<>(work.get());
        } catch (RuntimeException e) {
            return new Ending.Threw<>(e);
        }
    }
}
