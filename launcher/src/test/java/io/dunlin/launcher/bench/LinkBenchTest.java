package io.dunlin.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.launcher.report.JsonLine;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LinkBenchTest {
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 7, 8})
    void shouldLetEveryPairMeetOnceAndNobodyPlayTwiceInARound(int players) {
        List<Order.Link> met = new ArrayList<>();
        for (List<Order.Link> round : Tournament.of(players)) {
            List<Integer> playing = round.stream()
                    .flatMap(link -> List.of(link.from(), link.to()).stream())
                    .toList();
            assertThat(playing).doesNotHaveDuplicates();
            met.addAll(round);
        }

        assertThat(met).hasSize(players * (players - 1) / 2).allSatisfy(link -> assertThat(link.from())
                .isLessThan(link.to()));
        assertThat(new HashSet<>(met)).hasSameSizeAs(met);
    }

    @Test
    void shouldMeasureEveryDirection() {
        LinkBench.Options options = new LinkBench.Options(3, BenchTransport.LOOPBACK, 0.001, 10);
        try (Crew crew = ThreadCrew.of(3, LinkBench.largestBytes(3), AlgorithmTable.EMPTY)) {
            LinkBench.Result result = LinkBench.run(crew, options);

            assertThat(result.links())
                    .extracting(link -> link.from() + ">" + link.to())
                    .containsExactly("0>1", "0>2", "1>0", "1>2", "2>0", "2>1");
            assertThat(result.links()).allSatisfy(link -> {
                assertThat(link.p50Us()).isPositive().isLessThanOrEqualTo(link.p99Us());
                assertThat(link.oneWay()).isPositive();
                assertThat(link.bothWays()).isPositive();
            });
            assertThat(result.allAtOnce()).isPositive();
            assertThat(JsonLine.write(result)).contains("\"one_way_bytes_per_second\":", "\"cpu\":", "\"p50_us\":");
        }
    }
}
