package io.dunlin.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.launcher.bench.CollectivesBench.Checking;
import io.dunlin.launcher.bench.CollectivesBench.Effort;
import io.dunlin.launcher.bench.CollectivesBench.Options;
import io.dunlin.launcher.bench.CollectivesBench.Result;
import io.dunlin.launcher.bench.CollectivesBench.Row;
import io.dunlin.launcher.bench.CollectivesBench.Sizes;
import io.dunlin.launcher.report.JsonLine;
import io.dunlin.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class CollectivesBenchTest {
    private static final Effort QUICK = new Effort(0.001, 5, 64 << 10);

    private final List<Row> heard = new ArrayList<>();

    private Result run(int ranks, DType dtype, Sizes sizes, List<CollectiveOp> operations) {
        return run(new Options(
                operations,
                ranks,
                BenchTransport.LOOPBACK,
                BenchAlgorithm.AUTO,
                dtype,
                sizes,
                QUICK,
                Checking.EVERY_ELEMENT));
    }

    private Result run(Options options) {
        AlgorithmTable table = options.algorithm().table(options.ranks());
        try (Crew crew = ThreadCrew.of(options.ranks(), options.sizes().max(), table)) {
            return CollectivesBench.run(crew, options, new CollectivesBench.Listener() {
                @Override
                public void begins(double copyBytesPerSecond) {
                    assertThat(copyBytesPerSecond).isPositive();
                }

                @Override
                public void measured(Row row) {
                    heard.add(row);
                }
            });
        }
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void shouldFindEveryElementOfEveryOperationRight(DType dtype) {
        Result result = run(3, dtype, new Sizes(1024, 80 << 10, 80), List.of(CollectiveOp.values()));

        assertThat(result.rows()).isEqualTo(heard).allSatisfy(row -> {
            assertThat(row.wrong()).as("%s", row).hasValue(0);
            assertThat(row.p50Us()).isPositive().isLessThanOrEqualTo(row.p99Us());
        });
        assertThat(result.rows()).extracting(Row::op).contains("all-reduce", "send-receive", "barrier");
    }

    @ParameterizedTest
    @EnumSource(
            value = Way.class,
            mode = Mode.EXCLUDE,
            names = {"TREE", "SHARED", "HIERARCHICAL"})
    void shouldFindEveryElementRightInEveryWay(Way way) {
        Options all = new Options(
                List.of(CollectiveOp.values()),
                3,
                BenchTransport.LOOPBACK,
                BenchAlgorithm.of(way),
                DType.F32,
                new Sizes(4096, 4096, 2),
                QUICK,
                Checking.EVERY_ELEMENT);
        List<CollectiveOp> possible = all.operations().stream()
                .filter(op -> all.ways(op).contains(way))
                .toList();
        Result result = run(all.forced(all.algorithm(), possible));

        assertThat(result.algorithm()).isEqualTo(way.label());
        assertThat(result.rows())
                .isNotEmpty()
                .allSatisfy(row -> assertThat(row.wrong()).as("%s", row).hasValue(0));
    }

    @Test
    void shouldUseTheFormulasOfNcclTests() {
        Result result = run(
                4,
                DType.F32,
                new Sizes(4096, 4096, 2),
                List.of(CollectiveOp.ALL_REDUCE, CollectiveOp.ALL_GATHER, CollectiveOp.BROADCAST));

        Row allReduce = result.rows().getFirst();
        assertThat(allReduce.bytes()).isEqualTo(4096);
        assertThat(allReduce.count()).isEqualTo(1024);
        assertThat(allReduce.algbw()).isCloseTo(4096 / allReduce.p50Us() * 1e6, within(1.0));
        assertThat(allReduce.busbw()).isCloseTo(allReduce.algbw() * 1.5, within(1.0));
        Row allGather = result.rows().get(2);
        assertThat(allGather.bytes()).isEqualTo(4096);
        assertThat(allGather.count()).isEqualTo(256);
        assertThat(allGather.busbw()).isCloseTo(allGather.algbw() * 0.75, within(1.0));
        assertThat(result.rows().getLast().busbw())
                .isEqualTo(result.rows().getLast().algbw());
    }

    @Test
    void shouldMeasureInAndOutOfPlace() {
        Result result = run(2, DType.F32, new Sizes(64, 64, 2), List.of(CollectiveOp.REDUCE_SCATTER));

        assertThat(result.rows()).extracting(Row::inPlace).containsExactly(false, true);
    }

    @Test
    void shouldRoundToEqualParts() {
        Result result = run(3, DType.F64, new Sizes(1024, 1024, 2), List.of(CollectiveOp.ALL_TO_ALL));

        assertThat(result.rows().getFirst().bytes()).isEqualTo(1008);
        assertThat(result.rows().getFirst().count()).isEqualTo(42);
    }

    @Test
    void shouldCompareLargeSizesWithTheSpeedOfMemory() {
        Result result = run(2, DType.F32, new Sizes(1024, 1 << 20, 1024), List.of(CollectiveOp.BROADCAST));

        assertThat(result.rows().getFirst().ofCopy()).isEmpty();
        assertThat(result.rows().getLast().ofCopy().getAsDouble())
                .isCloseTo(result.rows().getLast().busbw() / result.copyBytesPerSecond(), within(1e-6));
    }

    @Test
    void shouldWriteWhatAMachineReads() {
        String json = JsonLine.write(run(2, DType.F32, new Sizes(1024, 1024, 2), List.of(CollectiveOp.ALL_REDUCE)));

        assertThat(json)
                .contains("\"date\":", "\"java\":", "\"cpu\":", "\"cores\":", "\"transport\":\"loopback\"")
                .contains("\"ranks\":2", "\"algorithm\":\"auto\"", "\"rows\":[{\"op\":\"all-reduce\",\"bytes\":1024")
                .contains("\"busbw_bytes_per_second\":", "\"algbw_bytes_per_second\":", "\"in_place\":true")
                .contains("\"p50_us\":", "\"p99_us\":", "\"wrong\":0");
    }
}
