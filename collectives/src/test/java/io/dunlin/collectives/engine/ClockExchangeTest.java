package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.collectives.Media;
import io.dunlin.collectives.transport.LinkShape;
import io.dunlin.collectives.transport.LoopbackFabric;
import io.dunlin.collectives.transport.LoopbackSettings;
import io.dunlin.collectives.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Two hosts whose clocks differ find out by how much, and are not wrong by more than they say. */
class ClockExchangeTest {
    private static final long OFFSET_NS = 7_654_321_000L; // rank 0's clock is so far ahead
    private static final long TICK_NS = 10_000;

    private final LoopbackFabric fabric = LoopbackFabric.of(LoopbackSettings.ofRanks(2)
            .withClock(this::nowNs)
            .withShape(LinkShape.PERFECT.withLatency(100_000, 2_000_000), 3));
    private final List<Long> offsetsNs = new ArrayList<>();
    private final List<Long> errorsNs = new ArrayList<>();
    private long nowNs = 1_000_000_000;

    private long nowNs() {
        return nowNs;
    }

    private Engine engine(int rank, boolean sameHost) {
        OperationListener listener = new OperationListener() {
            @Override
            public void clockMeasured(long offsetNs, long errorNs) {
                offsetsNs.add(offsetNs);
                errorsNs.add(errorNs);
            }
        };
        return new Engine(
                CommunicatorSettings.of(rank, 2).withListener(rank == 0 ? OperationListener.NONE : listener),
                new ElsewhereTransport(fabric.transport(rank, 1), sameHost),
                new OperationQueue(),
                new Messages.Queues(new OperationQueue(), new OperationQueue()),
                rank == 0 ? () -> nowNs + OFFSET_NS : this::nowNs);
    }

    private void run(Duration time, boolean sameHost) {
        Engine zero = engine(0, sameHost);
        Engine one = engine(1, sameHost);
        for (long endNs = nowNs + time.toNanos(); nowNs < endNs; nowNs += TICK_NS) {
            zero.doWork();
            one.doWork();
        }
        zero.close();
        one.close();
    }

    @Test
    void shouldBeWrongByNoMoreThanItSays() {
        run(Duration.ofSeconds(20), false);

        assertThat(offsetsNs).hasSizeBetween(18, 21);
        for (int i = 0; i < offsetsNs.size(); i++) {
            assertThat(offsetsNs.get(i)).isCloseTo(OFFSET_NS, within(errorsNs.get(i)));
        }
        assertThat(errorsNs.getLast()).isLessThan(Collections.max(errorsNs)).isLessThan(1_500_000);
    }

    @Test
    void shouldKnowThatOneHostHasOneClock() {
        run(Duration.ofSeconds(3), true);

        assertThat(offsetsNs).containsExactly(0L);
        assertThat(errorsNs).containsExactly(0L);
    }

    /** A loopback that stands for a network. */
    private static final class ElsewhereTransport extends ForwardingTransport {
        private final boolean sameHost;

        ElsewhereTransport(Transport inner, boolean sameHost) {
            super(inner);
            this.sameHost = sameHost;
        }

        @Override
        public Media media() {
            return Media.UDP;
        }

        @Override
        public boolean sharesHost(int peer) {
            return sameHost;
        }
    }
}
