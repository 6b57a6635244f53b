package io.dunlin.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.engine.LoopbackWorld;
import io.dunlin.device.HostAccess;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.TensorSlice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Votes over the real collectives. */
class LoopbackTest {
    private final SimulatedDisk disk = new SimulatedDisk();
    private final CheckpointFolder folder = new CheckpointFolder(Path.of("/run/ckpt"), disk);

    private CheckpointEvent.Saved save(Peers peers, long step, long generation) {
        CheckpointWriter writer =
                new CheckpointWriter(folder, peers, generation, CommitPermit.GRANTED, SampleRun.CLOCK);
        writer.begin(step - 1);
        return writer.save(SampleRun.state(step), RunContent.cut(SampleRun.tensors(step), peers.rank(), peers.size()));
    }

    private long restore(Peers peers) {
        List<NamedTensor> into = SampleRun.blank();
        long step = new Restore(folder, peers, SampleRun.CLOCK, HostAccess.HOST)
                .newest(into)
                .restored()
                .orElseThrow()
                .state()
                .step();
        assertThat(SampleRun.bytes(into)).isEqualTo(SampleRun.bytes(SampleRun.tensors(step)));
        return step;
    }

    @Test
    void shouldSaveAndRestoreOverCollectives() {
        for (int ranks = 1; ranks <= 4; ranks++) {
            long step = ranks;
            try (LoopbackWorld world = LoopbackWorld.ofRanks(ranks)) {
                Ranks.on(world.communicators(), peers -> save(peers, step, step))
                        .forEach(Ranks.Ending::value);
            }
            try (LoopbackWorld world = LoopbackWorld.ofRanks(5 - ranks)) {
                assertThat(Ranks.on(world.communicators(), this::restore))
                        .allSatisfy(ending -> assertThat(ending.value()).isEqualTo(step));
            }
        }
    }

    @Test
    void shouldTellEveryRankWhichOneFailed() {
        try (LoopbackWorld world = LoopbackWorld.ofRanks(3)) {
            List<Ranks.Ending<CheckpointEvent.Saved>> endings = Ranks.on(world.communicators(), peers -> {
                CheckpointFolder mine = peers.rank() == 2 ? new CheckpointFolder(folder.root(), fullDisk()) : folder;
                CheckpointWriter writer = new CheckpointWriter(mine, peers, 1, CommitPermit.GRANTED, SampleRun.CLOCK);
                writer.begin(0);
                return writer.save(SampleRun.state(1), RunContent.cut(SampleRun.tensors(1), peers.rank(), 3));
            });
            assertThat(endings).allSatisfy(ending -> assertThat(ending.cause())
                    .isInstanceOfSatisfying(CheckpointException.class, e -> assertThat(e.error())
                            .isEqualTo(CheckpointError.SAVE_FAILED))
                    .hasMessageContaining("rank 2 could not write rank-00002.safetensors of step 1"));
        }
        assertThat(folder.scan()).isEmpty();
    }

    private static SimulatedDisk fullDisk() {
        SimulatedDisk full = new SimulatedDisk();
        full.failAt(0, SimulatedDisk.Failure.DEATH);
        return full;
    }

    @Test
    void shouldKeepTheOlderCheckpointWhenARankDiesWhileSaving() {
        try (LoopbackWorld world = LoopbackWorld.ofRanks(3)) {
            Ranks.on(world.communicators(), peers -> save(peers, 1, 1)).forEach(Ranks.Ending::value);
            List<Ranks.Ending<CheckpointEvent.Saved>> endings = Ranks.on(world.communicators(), peers -> {
                CheckpointWriter writer = new CheckpointWriter(folder, peers, 1, CommitPermit.GRANTED, SampleRun.CLOCK);
                writer.begin(1);
                List<SliceSource> share =
                        SliceSource.of(RunContent.cut(SampleRun.tensors(2), peers.rank(), 3), HostAccess.HOST);
                return writer.saveFrom(
                        SampleRun.state(2), peers.rank() == 1 ? List.of(new Dying(share.getFirst(), world)) : share);
            });
            assertThat(endings.get(0).cause()).isInstanceOf(CollectiveException.class);
            assertThat(endings.get(2).cause()).isInstanceOf(CollectiveException.class);
        }
        try (LoopbackWorld world = LoopbackWorld.ofRanks(2)) {
            assertThat(Ranks.on(world.communicators(), this::restore))
                    .allSatisfy(ending -> assertThat(ending.value()).isEqualTo(1L));
            Ranks.on(world.communicators(), peers -> save(peers, 2, 2)).forEach(Ranks.Ending::value);
            assertThat(Ranks.on(world.communicators(), this::restore))
                    .allSatisfy(ending -> assertThat(ending.value()).isEqualTo(2L));
        }
    }

    /** A slice during whose copying the rank is killed. */
    private record Dying(SliceSource real, LoopbackWorld world) implements SliceSource {
        @Override
        public TensorSlice slice() {
            return real.slice();
        }

        @Override
        public DType dtype() {
            return real.dtype();
        }

        @Override
        public void copyTo(Sink sink) throws IOException {
            world.fabric().kill(1);
            real.copyTo(sink);
        }
    }
}
