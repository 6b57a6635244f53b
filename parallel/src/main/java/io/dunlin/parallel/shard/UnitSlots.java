package io.dunlin.parallel.shard;

import io.dunlin.model.Unit;
import java.util.List;

/**
 * Where units are while they are in use: the embedding and the head have a place of their own, blocks take turns in two,
 * so that one can come or go while the other is computed.
 *
 * <p>Neighbours never share a slot, so the last two blocks are both there when forward turns to backward, and the first two
 * when the next forward begins.
 */
final class UnitSlots {
    static final int SLOTS = 4;

    private final List<Unit> units;

    UnitSlots(List<Unit> units) {
        this.units = units;
    }

    /** The slot of a unit. */
    int of(int unit) {
        if (unit == 0) {
            return 0;
        }
        return unit == units.size() - 1 ? 1 : 2 + unit % 2;
    }

    /** Elements that a slot must have room for. */
    long elements(int slot) {
        return units.stream()
                .filter(unit -> of(unit.number()) == slot)
                .mapToLong(Unit::length)
                .max()
                .orElse(0);
    }
}
