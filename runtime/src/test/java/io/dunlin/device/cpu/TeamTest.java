package io.dunlin.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class TeamTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void shouldComputeEveryTileOnceInEveryJob(int threads) {
        try (Team team = new Team(threads)) {
            for (int job = 0; job < 2000; job++) {
                int tiles = job % 17;
                AtomicIntegerArray counts = new AtomicIntegerArray(17);
                team.run((tile, worker) -> counts.incrementAndGet(tile), tiles);
                for (int tile = 0; tile < 17; tile++) {
                    assertThat(counts.get(tile)).isEqualTo(tile < tiles ? 1 : 0);
                }
            }
        }
    }

    @Test
    void shouldLetAllMembersWorkAtTheSameTime() throws InterruptedException {
        try (Team team = new Team(3)) {
            CountDownLatch everybody = new CountDownLatch(3);
            ConcurrentHashMap<Integer, String> names = new ConcurrentHashMap<>();
            team.run(
                    (tile, worker) -> {
                        names.put(worker, Thread.currentThread().getName());
                        everybody.countDown();
                        await(everybody);
                    },
                    3);
            assertThat(names.keySet()).containsExactlyInAnyOrder(0, 1, 2);
            assertThat(names.get(1)).isEqualTo("dunlin-compute-1");
        }
    }

    @Test
    void shouldReportAFailureOfAWorkerAndGoOn() {
        try (Team team = new Team(2)) {
            CountDownLatch both = new CountDownLatch(2);
            assertThatThrownBy(() -> team.run(
                            (tile, worker) -> {
                                both.countDown();
                                await(both);
                                if (worker == 1) {
                                    throw new IllegalArgumentException("tile " + tile);
                                }
                            },
                            2))
                    .isInstanceOf(IllegalStateException.class)
                    .hasRootCauseInstanceOf(IllegalArgumentException.class);
            AtomicIntegerArray counts = new AtomicIntegerArray(4);
            team.run((tile, worker) -> counts.incrementAndGet(tile), 4);
            assertThat(counts.toString()).isEqualTo("[1, 1, 1, 1]");
        }
    }

    @Test
    void shouldComputeAloneWhileTheTeamIsBusyElsewhere() throws ExecutionException, InterruptedException {
        try (Team team = new Team(2);
                ExecutorService other = Executors.newSingleThreadExecutor()) {
            CountDownLatch inside = new CountDownLatch(2);
            CountDownLatch release = new CountDownLatch(1);
            Future<?> busy = other.submit(() -> team.run(
                    (tile, worker) -> {
                        inside.countDown();
                        await(release);
                    },
                    2));
            inside.await();
            AtomicIntegerArray workers = new AtomicIntegerArray(8);
            team.run((tile, worker) -> workers.set(tile, worker + 1), 8);
            release.countDown();
            busy.get();
            assertThat(workers.toString()).isEqualTo("[1, 1, 1, 1, 1, 1, 1, 1]");
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
