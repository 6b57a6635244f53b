package io.dunlin.collectives.quant;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.engine.LoopbackWorld;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;

/** Ranks on several hosts, all in this JVM: a world for the members of each host, and one for each place across hosts. */
final class Hosts implements AutoCloseable {
    private static final long LIMIT_S = 60;

    private final List<LoopbackWorld> worlds = new ArrayList<>();
    private final List<TwoLevelGroup> groups = new ArrayList<>();

    interface Program<T> {
        T run(TwoLevelGroup group) throws Exception;
    }

    Hosts(int hosts, int ranksPerHost) {
        this(hosts, ranksPerHost, communicator -> communicator);
    }

    /** Communicators as {@code watched} gives them back. */
    Hosts(int hosts, int ranksPerHost, UnaryOperator<Communicator> watched) {
        List<LoopbackWorld> inner = open(hosts, ranksPerHost);
        List<LoopbackWorld> outer = open(ranksPerHost, hosts);
        for (int host = 0; host < hosts; host++) {
            for (int member = 0; member < ranksPerHost; member++) {
                groups.add(new TwoLevelGroup(
                        watched.apply(inner.get(host).communicator(member)),
                        watched.apply(outer.get(member).communicator(host))));
            }
        }
    }

    private List<LoopbackWorld> open(int count, int ranks) {
        List<LoopbackWorld> opened = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            opened.add(LoopbackWorld.ofRanks(ranks));
        }
        worlds.addAll(opened);
        return opened;
    }

    /** What the program returned on each rank; the first failure is thrown. */
    <T> List<T> run(Program<T> program) {
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            List<Future<T>> futures = new ArrayList<>();
            groups.forEach(group -> futures.add(threads.submit(() -> program.run(group))));
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get(LIMIT_S, TimeUnit.SECONDS));
            }
            return results;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException("a rank hangs", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        worlds.forEach(LoopbackWorld::close);
    }
}
