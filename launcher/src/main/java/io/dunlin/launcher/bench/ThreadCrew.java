package io.dunlin.launcher.bench;

import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.engine.LoopbackWorld;
import io.dunlin.collectives.transport.LoopbackSettings;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;

/** Members in this process, each with a thread of its own. */
final class ThreadCrew implements Crew {
    private final LoopbackWorld world;
    private final Arena arena = Arena.ofShared();
    private final List<Member> members = new ArrayList<>();
    private final List<ExecutorService> threads = new ArrayList<>();

    private ThreadCrew(LoopbackWorld world) {
        this.world = world;
    }

    /** Members that are connected by perfect links, and choose algorithms by {@code table}. */
    static ThreadCrew of(int ranks, long largestBytes, AlgorithmTable table) {
        Tuning tuning = Tuning.standard(ranks).withTable(table);
        ThreadCrew crew = new ThreadCrew(LoopbackWorld.of(LoopbackSettings.ofRanks(ranks), Limits.OPERATION, tuning));
        for (int rank = 0; rank < ranks; rank++) {
            String name = "rank-" + rank;
            crew.members.add(
                    new Member(crew.world.communicator(rank), Member.in(crew.arena), largestBytes, System::nanoTime));
            crew.threads.add(Executors.newSingleThreadExecutor(
                    task -> Thread.ofPlatform().daemon().name(name).unstarted(task)));
        }
        return crew;
    }

    @Override
    public Answers tell(Order order, Duration limit) {
        List<CompletableFuture<Answer>> asked = new ArrayList<>();
        for (int rank = 0; rank < members.size(); rank++) {
            Member member = members.get(rank);
            asked.add(CompletableFuture.supplyAsync(() -> member.obey(order), threads.get(rank)));
        }
        try {
            CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
                    .get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException late) {
            List<Integer> silent = IntStream.range(0, asked.size())
                    .filter(rank -> !asked.get(rank).isDone())
                    .boxed()
                    .toList();
            throw BenchException.noAnswer(silent, order.toString(), limit);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted during a measurement", e);
        }
        return new Answers(asked.stream().map(CompletableFuture::join).toList());
    }

    /** Pending operations fail, so that no thread uses the memory any more when it goes. */
    @Override
    public void close() {
        world.close();
        threads.forEach(ExecutorService::close);
        arena.close();
    }
}
