package io.dunlin.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.checkpoint.Retention.Complete;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class RetentionTest {
    @Property
    void shouldNeverDeleteWhatARuleKeeps(
            @ForAll @Size(max = 30) Set<@LongRange(min = 1, max = 400) Long> steps,
            @ForAll @IntRange(min = 1, max = 5) int last,
            @ForAll @LongRange(max = 50) long every,
            @ForAll @IntRange(max = 3) int best) {
        List<Complete> complete = new ArrayList<>();
        steps.forEach(step -> complete.add(
                new Complete(step, step % 3 == 0 ? OptionalDouble.empty() : OptionalDouble.of(Math.sin(step)))));
        List<Long> surplus = new Retention(last, every, best).surplus(complete);

        assertThat(surplus).isSorted().doesNotHaveDuplicates();
        assertThat(steps).containsAll(surplus);
        List<Long> newest =
                steps.stream().sorted(Comparator.reverseOrder()).limit(last).toList();
        assertThat(surplus).doesNotContainAnyElementsOf(newest.isEmpty() ? List.of(-1L) : newest);
        assertThat(surplus).noneMatch(step -> every > 0 && step % every == 0);
        complete.stream()
                .filter(c -> c.validationLoss().isPresent())
                .min(Comparator.comparingDouble(c -> c.validationLoss().orElseThrow()))
                .filter(_ -> best > 0)
                .ifPresent(c -> assertThat(surplus).doesNotContain(c.step()));
        assertThat(steps.size() - surplus.size())
                .as("kept")
                .isLessThanOrEqualTo(last + best + (every == 0 ? 0 : (int) (400 / every)));
    }

    @Test
    void shouldPreferTheNewerOfTwoEquallyGoodOnes() {
        List<Complete> complete = List.of(
                new Complete(1, OptionalDouble.of(2)),
                new Complete(2, OptionalDouble.of(2)),
                new Complete(3, OptionalDouble.empty()));
        assertThat(new Retention(1, 0, 1).surplus(complete)).containsExactly(1L);
    }

    @Test
    void shouldRefuseToKeepNone() {
        assertThatThrownBy(() -> new Retention(0, 0, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
