package io.dunlin.parallel;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntFunction;

/** Runs ranks as threads of this process. */
public final class Ranks {
    private static final long LIMIT_SECONDS = 60;

    private Ranks() {}

    /** How one rank ended: with a value, or with a failure. */
    public sealed interface Ending<T> {
        /** In order. */
        record Result<T>(T value) implements Ending<T> {}

        /** With an exception. */
        record Failure<T>(Throwable cause) implements Ending<T> {}
    }

    /** Runs all ranks and gives what each returned, by rank. */
    public static <T> List<T> all(int ranks, IntFunction<Callable<T>> rank) {
        List<T> results = new ArrayList<>();
        for (Ending<T> ending : endings(ranks, rank)) {
            switch (ending) {
                case Ending.Result<T>(T value) -> results.add(value);
                case Ending.Failure<T>(Throwable cause) -> throw new AssertionError("a rank failed: " + cause, cause);
            }
        }
        return results;
    }

    /** Runs all ranks and gives how each ended, by rank. */
    public static <T> List<Ending<T>> endings(int ranks, IntFunction<Callable<T>> rank) {
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().daemon().name("rank-", 0).factory())) {
            List<Future<T>> futures = new ArrayList<>();
            for (int i = 0; i < ranks; i++) {
                futures.add(threads.submit(rank.apply(i)));
            }
            List<Ending<T>> endings = new ArrayList<>();
            for (Future<T> future : futures) {
                try {
                    endings.add(new Ending.Result<>(future.get(LIMIT_SECONDS, TimeUnit.SECONDS)));
                } catch (ExecutionException e) {
                    endings.add(new Ending.Failure<>(Objects.requireNonNull(e.getCause())));
                } catch (TimeoutException e) {
                    threads.shutdownNow();
                    throw new AssertionError("a rank is still at work after " + LIMIT_SECONDS + " s", e);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new AssertionError("interrupted", e);
                }
            }
            return endings;
        }
    }
}
