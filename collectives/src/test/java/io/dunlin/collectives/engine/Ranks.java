package io.dunlin.collectives.engine;

import io.dunlin.collectives.Communicator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs the same program on every rank, each in its thread. */
final class Ranks {
    private static final long LIMIT_S = 30;

    private Ranks() {}

    interface Program<T> {
        T run(Communicator communicator) throws Exception;
    }

    /** What each rank returned; throws the first failure. */
    static <T> List<T> run(List<? extends Communicator> communicators, Program<T> program) {
        List<T> results = new ArrayList<>();
        for (Object outcome : outcomes(communicators, program)) {
            if (outcome instanceof RuntimeException e) {
                throw e;
            }
            @SuppressWarnings("unchecked")
            T result = (T) outcome;
            results.add(result);
        }
        return results;
    }

    /** What each rank returned or threw. */
    static List<Object> outcomes(List<? extends Communicator> communicators, Program<?> program) {
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            List<Future<?>> futures = new ArrayList<>();
            for (Communicator communicator : communicators) {
                futures.add(threads.submit(() -> program.run(communicator)));
            }
            List<Object> outcomes = new ArrayList<>();
            for (Future<?> future : futures) {
                outcomes.add(outcome(future));
            }
            return outcomes;
        }
    }

    private static Object outcome(Future<?> future) {
        try {
            Object result = future.get(LIMIT_S, TimeUnit.SECONDS);
            return result == null ? "nothing" : result;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                return failure;
            }
            return new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            future.cancel(true);
            return new IllegalStateException("a rank hangs", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
