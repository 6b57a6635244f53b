package io.dunlin.parallel.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.parallel.shard.RecordingCommunicator.Call;
import io.dunlin.tensor.DType;
import io.dunlin.train.GradientExchange.GradientPartials;
import io.dunlin.train.GradientExchange.Tally;
import io.dunlin.train.StepRequest;
import io.dunlin.train.SummationTree;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

class DataParallelExchangeTest {
    private static final int ELEMENTS = 160;
    private static final GradientBuckets BUCKETS = GradientBuckets.of(ELEMENTS, 64 * Float.BYTES);

    private final MemorySegment gradient = Arena.ofAuto().allocate(ELEMENTS * Float.BYTES, 64);
    private final MemorySegment second = Arena.ofAuto().allocate(ELEMENTS * Float.BYTES, 64);
    private final RecordingCommunicator world = new RecordingCommunicator(2);

    private GradientPartials running() {
        return new GradientPartials(List.of(gradient), SummationTree.blocks(0, 2, 4), gradient, 4);
    }

    private Call call(int bucket) {
        GradientBucket b = BUCKETS.get(bucket);
        return new Call(gradient.address() + b.offsetBytes(), b.lengthBytes(), DType.F32, 0);
    }

    @Test
    void shouldStartABucketAsSoonAsBackwardHasFinishedAllOfIt() {
        DataParallelExchange exchange = OnHost.fast(world, BUCKETS);
        exchange.begin(running());

        exchange.ready(112, 48);
        assertThat(world.calls()).isEmpty();
        exchange.ready(80, 32);
        assertThat(world.calls()).containsExactly(call(0));
        exchange.ready(0, 80);
        assertThat(world.calls()).containsExactly(call(0), call(1), call(2));
        assertThat(exchange.finish()).isEqualTo(3);

        assertThat(exchange.counters())
                .isEqualTo(new DataParallelExchange.Counters(1, ELEMENTS * Float.BYTES, 3, 3, 0));
    }

    @Test
    void shouldTakePaddingBetweenTensorsAsReady() {
        DataParallelExchange exchange = OnHost.fast(world, BUCKETS);
        exchange.begin(running());

        exchange.ready(96, 60); // 4 elements of padding at the end
        exchange.ready(0, 90); // and 6 in the middle
        exchange.finish();

        assertThat(world.calls()).hasSize(3);
    }

    @Test
    void shouldRefuseToSendGradientsThatAreNotFinal() {
        DataParallelExchange exchange = OnHost.fast(world, BUCKETS);
        exchange.begin(running());
        exchange.ready(96, 64);

        assertThatThrownBy(() -> exchange.ready(0, 32))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(
                        "elements 0 to 32 are ready, but the part that ends at element 96 was to be next");
        assertThatThrownBy(exchange::finish)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("elements 0 to 96 of the gradient were never ready");
    }

    @Test
    void shouldExchangeFromTheStartWhereARankHasNoMicroBatch() {
        MemorySegment.copy(new float[] {1, 2, 3}, 0, gradient, ValueLayout.JAVA_FLOAT, 0, 3);
        DataParallelExchange exchange = OnHost.fast(world, BUCKETS);

        exchange.begin(new GradientPartials(List.of(), List.of(), gradient, 1));

        assertThat(world.calls()).containsExactly(call(0), call(1), call(2));
        assertThat(gradient.getAtIndex(ValueLayout.JAVA_FLOAT, 2))
                .as("what an idle rank adds")
                .isZero();
        exchange.finish();
    }

    @Test
    void shouldHandAllBlocksOfATreeOver() {
        DataParallelExchange exchange = OnHost.deterministic(world, BUCKETS);
        exchange.begin(new GradientPartials(List.of(gradient, second), SummationTree.blocks(0, 3, 6), gradient, 6));
        exchange.ready(0, ELEMENTS);
        exchange.finish();

        assertThat(world.calls()).hasSize(3).allMatch(call -> call.blocks() == 2);
    }

    @Test
    void shouldExchangeNothingAlone() {
        RecordingCommunicator one = new RecordingCommunicator(1);
        DataParallelExchange exchange = OnHost.deterministic(one, BUCKETS);
        Tally mine = new Tally(new double[] {1.5, 2.5}, 1 << StepRequest.STOP.ordinal(), Tally.NO_SQUARES);

        exchange.begin(running());
        exchange.ready(0, ELEMENTS);

        assertThat(exchange.finish()).isZero();
        assertThat(exchange.agree(mine)).isSameAs(mine);
        assertThat(one.calls()).isEmpty();
    }
}
