package io.dunlin.parallel.shard;

import java.util.function.Supplier;

/** What is made for the bits that a {@link Ladder} has, and anew when it has others. */
final class Renewed<E> {
    private final Ladder ladder;
    private final Supplier<E> maker;
    private E made;
    private int bits;

    Renewed(Ladder ladder, Supplier<E> maker) {
        this.ladder = ladder;
        this.maker = maker;
        this.bits = ladder.bits();
        this.made = maker.get();
    }

    /** For the present bits. */
    E get() {
        if (bits != ladder.bits()) {
            bits = ladder.bits();
            made = maker.get();
        }
        return made;
    }
}
