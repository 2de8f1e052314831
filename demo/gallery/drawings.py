"""Thirty pictures, drawn with Pillow: the same thirty each time, and each different.

A scene is a function of a random generator and a palette, which goes from dark to light. Smooth
things are fields (grey images) that a palette colours; sharp ones are drawn at twice the size.
"""

import math
from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import pairwise
from random import Random
from typing import NamedTuple

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter, ImageOps

WIDTH, HEIGHT = SIZE = (1200, 800)
DOUBLE = (2 * WIDTH, 2 * HEIGHT)

Color = tuple[int, int, int]
Palette = Sequence[Color]
Curve = list[float]
Scene = Callable[[Random, Palette], Image.Image]


class Drawing(NamedTuple):
    """A picture of the gallery: its title, its file's name, and how it is drawn."""

    title: str
    filename: str
    scene: Scene
    palette: str

    def data(self) -> bytes:
        """The bytes of the file, in the format that its name says."""
        # A seed that is a string gives the same numbers on each machine.
        rng = Random(self.filename)  # noqa: S311
        image = self.scene(rng, palette(self.palette))
        stream = BytesIO()
        image.save(stream, Image.registered_extensions()["." + self.filename.split(".")[-1]])
        return stream.getvalue()


# Colours and fields


def palette(colors: str) -> list[Color]:
    """The colours of a palette written as `0b132b 1c2541 3a506b`."""
    return [ImageColor.getrgb(f"#{color}")[:3] for color in colors.split()]


def mix(first: Color, second: Color, share: float) -> Color:
    """A colour between two: `share` of the second, the rest of the first."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def shade(colors: Palette, at: float) -> Color:
    """The colour at a place of the palette from 0 (dark) to 1 (light)."""
    place = min(max(at, 0.0), 1.0) * (len(colors) - 1)
    index = min(int(place), len(colors) - 2)
    return mix(colors[index], colors[index + 1], place - index)


def colored(field: Image.Image, colors: Palette) -> Image.Image:
    """A grey field, its values replaced by the palette's colours."""
    table = [shade(colors, value / 255) for value in range(256)]
    bands = [field.point([color[band] for color in table]) for band in range(3)]
    return Image.merge("RGB", bands)


def vertical(colors: Palette, size: tuple[int, int] = SIZE) -> Image.Image:
    """The palette from the top to the bottom."""
    return colored(Image.linear_gradient("L").resize(size), colors)


def noise(rng: Random, columns: int, rows: int) -> Image.Image:
    """Smooth hills and valleys, so many of them across and down."""
    grid = Image.frombytes("L", (columns, rows), rng.randbytes(columns * rows))
    return grid.resize(SIZE, Image.Resampling.BICUBIC)


def clouds(rng: Random, columns: int = 5, rows: int = 4, octaves: int = 5) -> Image.Image:
    """Noise of ever finer grain, laid upon one another."""
    field = noise(rng, columns, rows)
    for octave in range(1, octaves):
        finer = noise(rng, columns << octave, rows << octave)
        field = Image.blend(field, finer, 0.5 / 1.45**octave)
    return ImageOps.autocontrast(field)


def grain(rng: Random, image: Image.Image, strength: int = 7) -> Image.Image:
    """The image with a fine grain, without which wide gradients show steps."""
    dust = Image.frombytes("L", SIZE, rng.randbytes(WIDTH * HEIGHT))
    dust = dust.point([value * strength // 256 for value in range(256)])
    return ImageChops.add(image, Image.merge("RGB", [dust] * 3), offset=-(strength // 2))


def glow(center: tuple[float, float], radius: float, power: float = 2.0) -> Image.Image:
    """A mask: bright in the centre, nothing at the radius."""
    side = max(2, round(2 * radius))
    gradient = Image.radial_gradient("L")
    rim = max(1, int(gradient.tobytes()[128]))  # the corners are darker in some versions of Pillow
    fall = [round(255 * max(0.0, 1 - value / rim) ** power) for value in range(256)]
    halo = gradient.resize((side, side)).point(fall)
    field = Image.new("L", SIZE)
    field.paste(halo, (round(center[0] - radius), round(center[1] - radius)))
    return field


def light(image: Image.Image, mask: Image.Image, color: Color) -> Image.Image:
    """The image with light of a colour added where the mask is bright."""
    lamp = Image.composite(Image.new("RGB", SIZE, color), Image.new("RGB", SIZE), mask)
    return ImageChops.screen(image, lamp)


def disc(image: Image.Image, center: tuple[float, float], radius: float, color: Color) -> None:
    """A sharp-edged sun or moon."""
    mask = Image.new("L", DOUBLE)
    x, y = 2 * center[0], 2 * center[1]
    ImageDraw.Draw(mask).circle((x, y), 2 * radius, fill=255)
    image.paste(color, mask=mask.reduce(2))


# Curves from the left to the right edge


def curve(rng: Random, base: float, height: float, rough: float, octaves: int = 7) -> Curve:
    """A skyline around `base`; `rough` from 0 (dunes) to 1 (rocks)."""
    waves = [
        (height * rough**k / 2, 2 ** (k + rng.random() * 0.6), rng.uniform(0, math.tau))
        for k in range(octaves)
    ]
    return [
        base + sum(a * math.sin(f * 4 * x / WIDTH + phase) for a, f, phase in waves)
        for x in range(WIDTH + 1)
    ]


def below(line: Curve) -> Image.Image:
    """A mask of everything below a curve."""
    mask = Image.new("L", DOUBLE)
    corners = [(DOUBLE[0], DOUBLE[1]), (0, DOUBLE[1])]
    points = [*((2 * x, 2 * y) for x, y in enumerate(line)), *corners]
    ImageDraw.Draw(mask).polygon(points, fill=255)
    return mask.reduce(2)


def faded(mask: Image.Image, top: float, length: float) -> Image.Image:
    """The mask, from nothing at `top` growing to all of it `length` pixels below."""
    ramp = Image.new("L", SIZE, 255)
    slope = Image.linear_gradient("L").resize((WIDTH, max(1, round(length))))
    ramp.paste(slope, (0, round(top)))
    ramp.paste(0, (0, 0, WIDTH, max(0, round(top))))
    return ImageChops.multiply(mask, ramp)


# Scenes


def mountains(rng: Random, colors: Palette) -> Image.Image:
    """Ridge behind ridge, mist between them, a low sun."""
    image = vertical([shade(colors, 0.62), shade(colors, 0.85), colors[-1]])
    sun = (rng.uniform(0.2, 0.8) * WIDTH, rng.uniform(0.22, 0.36) * HEIGHT)
    image = light(image, glow(sun, 620, 2.4), mix(colors[-1], (255, 240, 220), 0.5))
    disc(image, sun, rng.uniform(34, 60), mix(colors[-1], (255, 252, 240), 0.75))
    for layer in range(7):
        depth = layer / 6
        line = curve(rng, HEIGHT * (0.44 + 0.46 * depth), 190 - 50 * depth, 0.52)
        mask = below(line)
        image.paste(shade(colors, 0.72 * (1 - depth) ** 1.2), mask=mask)
        mist = faded(mask, min(line) + 40, 300).point(lambda value: value * 0.4)
        image.paste(shade(colors, 0.92 - 0.55 * depth), mask=mist)
    return grain(rng, image)


def dunes(rng: Random, colors: Palette) -> Image.Image:
    """Sand in low light: each dune bright on one side of its crest."""
    image = vertical([shade(colors, 0.55), shade(colors, 0.8), colors[-1]])
    sun = (rng.uniform(0.15, 0.85) * WIDTH, 0.2 * HEIGHT)
    image = light(image, glow(sun, 420, 2.2), colors[-1])
    disc(image, sun, 38, mix(colors[-1], (255, 255, 255), 0.6))
    for layer in range(6):
        depth = layer / 5
        line = curve(rng, HEIGHT * (0.42 + 0.42 * depth), 120 + 110 * depth, 0.3, octaves=4)
        mask = below(line)
        ripples = ImageOps.autocontrast(noise(rng, 3, 40 + 12 * layer))
        sand = colored(
            ripples, [shade(colors, 0.66 - 0.4 * depth), shade(colors, 0.74 - 0.4 * depth)]
        )
        image.paste(sand, mask=mask)
        image.paste(shade(colors, 0.95 - 0.35 * depth), mask=_crest(mask, 130 + 60 * layer))
    return grain(rng, image)


def _crest(mask: Image.Image, length: int) -> Image.Image:
    """The upper edge of a mask, fading downwards: the side of a dune that the sun meets."""
    small = mask.reduce(4).filter(ImageFilter.GaussianBlur(length / 14))
    shadow = ImageChops.offset(small, 0, length // 10)
    soft = ImageOps.invert(shadow).resize(SIZE, Image.Resampling.BICUBIC)
    return ImageChops.multiply(mask, soft).point(lambda value: value * 0.85)


def night(rng: Random, colors: Palette) -> Image.Image:
    """The Milky Way over a wood."""
    image = vertical([colors[0], shade(colors, 0.2), shade(colors, 0.45), shade(colors, 0.75)])
    band = Image.new("L", (WIDTH * 2, HEIGHT * 2))
    band.paste(255, (0, HEIGHT - 70, WIDTH * 2, HEIGHT + 70))
    band = band.filter(ImageFilter.GaussianBlur(70)).rotate(rng.uniform(22, 55))
    band = band.crop((WIDTH // 2, HEIGHT // 2, WIDTH // 2 + WIDTH, HEIGHT // 2 + HEIGHT))
    milk = ImageChops.multiply(band, clouds(rng, 7, 5))
    image = light(image, milk, shade(colors, 0.95))
    image = light(image, ImageChops.multiply(milk, clouds(rng, 4, 3)), (250, 210, 190))
    image = ImageChops.screen(image, _stars(rng, band))
    line = curve(rng, HEIGHT * 0.9, 70, 0.5)
    image.paste(mix(colors[0], (0, 0, 0), 0.55), mask=_wood(rng, line))
    return grain(rng, image)


def _stars(rng: Random, band: Image.Image) -> Image.Image:
    """Stars of all sizes, more of them in the bright band."""
    sky = Image.new("RGB", DOUBLE)
    draw = ImageDraw.Draw(sky)
    for _ in range(4200):
        x, y = rng.randrange(WIDTH), rng.randrange(HEIGHT)
        density = band.getpixel((x, y))
        if isinstance(density, int) and rng.random() > 0.3 + density / 255:
            continue
        bright = round(110 + 145 * rng.random() ** 2)
        tint = rng.choice([(bright, bright, bright), (bright, bright, 255), (255, bright, bright)])
        color = mix((bright, bright, bright), tint, 0.25)
        draw.circle((2 * x, 2 * y), 1.1 + 3.2 * rng.random() ** 8, fill=color)
    return sky.reduce(2)


def _wood(rng: Random, line: Curve) -> Image.Image:
    """A mask: firs on a hill."""
    mask = below(line).resize(DOUBLE)
    draw = ImageDraw.Draw(mask)
    for _ in range(150):
        x = rng.randrange(WIDTH)
        _fir(draw, 2 * x, 2 * line[x] + 16, rng.uniform(60, 230) * (0.6 + 0.5 * rng.random()))
    return mask.reduce(2)


def _fir(draw: ImageDraw.ImageDraw, x: float, foot: float, height: float) -> None:
    """One fir: triangles upon one another."""
    for step in range(6):
        low = foot - height * step / 7
        half = height * 0.2 * (1 - step / 6.6)
        top = low - height * (0.34 if step < 5 else 0.3)
        draw.polygon([(x - half, low), (x, top), (x + half, low)], fill=255)


def aurora(rng: Random, colors: Palette) -> Image.Image:
    """Curtains of light over water."""
    image = vertical([colors[0], shade(colors, 0.12), shade(colors, 0.25)])
    for layer in range(4):
        rays = Image.frombytes("L", (90, 1), rng.randbytes(90)).resize((WIDTH, 1), 3)
        rays = ImageOps.autocontrast(rays).resize(SIZE)
        fall = [round(255 * (v / 255) ** 2.2) if v < 225 else (255 - v) * 7 for v in range(256)]
        length = rng.randrange(340, 520)
        veil = Image.new("L", SIZE)
        veil.paste(Image.linear_gradient("L").resize((WIDTH, length)).point(fall), (0, 20))
        veil = _swayed(ImageChops.multiply(veil, rays), curve(rng, 40 + 28 * layer, 150, 0.5, 3))
        image = light(
            image, veil.filter(ImageFilter.GaussianBlur(2)), shade(colors, 0.5 + layer / 6)
        )
    image = ImageChops.screen(image, _stars(rng, Image.new("L", SIZE, 20)))
    shore = round(HEIGHT * 0.76)
    water = ImageOps.flip(image.crop((0, 2 * shore - HEIGHT, WIDTH, shore)))
    water = water.filter(ImageFilter.GaussianBlur(5)).point(lambda value: value * 0.62)
    image.paste(water, (0, shore))
    hills = below(curve(rng, shore - 34, 60, 0.5))
    hills.paste(0, (0, shore, WIDTH, HEIGHT))
    image.paste(mix(colors[0], (0, 0, 0), 0.5), mask=hills)
    return grain(rng, image)


def _swayed(field: Image.Image, line: Curve) -> Image.Image:
    """The field, each of its columns moved down by the curve."""
    step = 8
    mesh = [
        ((x, 0, x + step, HEIGHT), (x, -a, x, HEIGHT - a, x + step, HEIGHT - b, x + step, -b))
        for x in range(0, WIDTH, step)
        for a, b in [(line[x], line[min(x + step, WIDTH)])]
    ]
    return field.transform(SIZE, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def sea(rng: Random, colors: Palette) -> Image.Image:
    """A sun going down, and its path on the water."""
    horizon = round(HEIGHT * rng.uniform(0.5, 0.6))
    image = Image.new("RGB", SIZE)
    image.paste(vertical([shade(colors, 0.35), shade(colors, 0.7), colors[-1]], (WIDTH, horizon)))
    veil = ImageOps.autocontrast(clouds(rng, 2, 14)).point(lambda value: max(0, value - 120) * 1.2)
    image = light(image, veil, shade(colors, 0.55))
    sun = (rng.uniform(0.3, 0.7) * WIDTH, horizon - 70.0)
    image = light(image, glow(sun, 560, 2.6), colors[-1])
    disc(image, sun, 84, mix(colors[-1], (255, 250, 235), 0.7))
    depths = vertical(
        [shade(colors, 0.5), shade(colors, 0.15), colors[0]], (WIDTH, HEIGHT - horizon)
    )
    image.paste(depths, (0, horizon))
    return grain(rng, _glitter(rng, image, (sun[0], horizon), colors))


def _glitter(
    rng: Random, image: Image.Image, start: tuple[float, float], colors: Palette
) -> Image.Image:
    """Strokes of light on the water, wider and fewer towards the reader."""
    mask = Image.new("L", DOUBLE)
    draw = ImageDraw.Draw(mask)
    for _ in range(1500):
        depth = rng.random() ** 1.5
        y = start[1] + 2 + depth * (HEIGHT - start[1])
        x = rng.gauss(start[0], 44 + 150 * depth)
        half = (6 + 60 * depth) * rng.random()
        bright = round(230 * (1 - 0.55 * depth) * rng.random())
        box = (2 * x - 2 * half, 2 * y - 1.2 - 2.4 * depth, 2 * x + 2 * half, 2 * y + 1.2)
        draw.ellipse(box, fill=bright)
    return light(image, mask.reduce(2), mix(colors[-1], (255, 244, 220), 0.4))


def relief(rng: Random, colors: Palette) -> Image.Image:
    """An island on a map: depths, heights and their contour lines, lit from the north-west."""
    hills = Image.blend(noise(rng, 5, 4), clouds(rng, 9, 6, 4), 0.3)
    land = Image.blend(hills, glow((WIDTH / 2, HEIGHT / 2), 640, 1.1), 0.45)
    land = ImageOps.autocontrast(land.filter(ImageFilter.GaussianBlur(3)))
    bands = land.point([value // 18 * 18 for value in range(256)])
    image = colored(bands, colors)
    edges = bands.filter(ImageFilter.FIND_EDGES).point(lambda value: 70 if value else 0)
    image.paste(mix(colors[0], (0, 0, 0), 0.3), mask=edges)
    slope = ImageChops.subtract(land, ImageChops.offset(land, 5, 5), scale=0.1, offset=128)
    slope = slope.filter(ImageFilter.GaussianBlur(1))
    image = ImageChops.soft_light(image, Image.merge("RGB", [slope] * 3))
    # The shifted edges hold what was on the other side.
    return image.crop((9, 6, WIDTH - 9, HEIGHT - 6)).resize(SIZE, Image.Resampling.BICUBIC)


def agate(rng: Random, colors: Palette) -> Image.Image:
    """A cut stone: the rings of a noise that is folded many times."""
    folds = rng.uniform(6, 8)
    field = Image.blend(noise(rng, 4, 3), clouds(rng, 7, 5, 3), 0.12)
    wave = [round(127.5 + 127.5 * math.sin(v / 255 * folds * math.tau)) for v in range(256)]
    image = Image.blend(colored(field.point(wave), colors), colored(field, colors[::-1]), 0.3)
    return grain(rng, image)


def flow(rng: Random, colors: Palette) -> Image.Image:
    """Threads that follow a field of directions."""
    field = clouds(rng, 3, 2, 3).resize((WIDTH // 4, HEIGHT // 4)).tobytes()
    image = Image.new("RGB", DOUBLE, mix(colors[0], (0, 0, 0), 0.25))
    draw = ImageDraw.Draw(image)
    for number in range(1500):
        start = (rng.uniform(-60, WIDTH), rng.uniform(-60, HEIGHT + 60))
        color = shade(colors, 0.15 + 0.85 * rng.random() * (0.35 + number / 2300))
        draw.line(
            _thread(field, start), fill=color, width=rng.choice((2, 2, 3, 4, 7)), joint="curve"
        )
    return image.reduce(2)


def _thread(field: bytes, start: tuple[float, float]) -> list[tuple[float, float]]:
    """One thread, in coordinates of the double size."""
    (x, y), points = start, []
    for _ in range(46):
        column = min(max(int(x / 4), 0), WIDTH // 4 - 1)
        row = min(max(int(y / 4), 0), HEIGHT // 4 - 1)
        angle = field[row * (WIDTH // 4) + column] / 255 * 1.5 * math.pi - math.pi / 2
        x, y = x + 8 * math.cos(angle), y + 8 * math.sin(angle)
        points.append((2 * x, 2 * y))
    return points


def waves(rng: Random, colors: Palette) -> Image.Image:
    """Seigaiha: the old pattern of the blue sea."""
    image = Image.new("RGB", DOUBLE, colors[0])
    draw = ImageDraw.Draw(image)
    radius = rng.choice((150, 200, 240))
    rows = range(-1, DOUBLE[1] * 2 // radius + 3)
    for row in rows:
        shift = radius if row % 2 else 0
        for column in range(-1, DOUBLE[0] // (2 * radius) + 2):
            center = (column * 2 * radius + shift, row * radius / 2 + radius / 2)
            tone = 0.25 + 0.6 * row / len(rows) + rng.uniform(-0.14, 0.14)
            _rings(draw, center, radius, [shade(colors, tone), shade(colors, tone - 0.22)])
    return image.reduce(2)


def _rings(
    draw: ImageDraw.ImageDraw, center: tuple[float, float], radius: float, colors: Palette
) -> None:
    for ring in range(8):
        draw.circle(center, radius * (1 - ring / 8), fill=colors[ring % 2])


def tiles(rng: Random, colors: Palette) -> Image.Image:
    """Quarters of circles, in the manner of the Bauhaus."""
    image = Image.new("RGB", DOUBLE)
    draw = ImageDraw.Draw(image)
    side = rng.choice((200, 266, 400))
    for top in range(0, DOUBLE[1], side):
        for left in range(0, DOUBLE[0], side):
            ground, figure, inner = rng.sample(list(colors), 3)
            draw.rectangle((left, top, left + side, top + side), fill=ground)
            corner = (left + side * rng.randrange(2), top + side * rng.randrange(2))
            _quarter(draw, (left, top, side), corner, figure)
            if rng.random() < 0.55:
                draw.circle((left + side / 2, top + side / 2), side / 6, fill=inner)
    return image.reduce(2)


def _quarter(
    draw: ImageDraw.ImageDraw, box: tuple[int, int, int], corner: tuple[int, int], color: Color
) -> None:
    """A quarter of a circle that fills a square, around one of its corners."""
    left, top, side = box
    x, y = corner
    start = {(True, True): 0, (False, True): 90, (False, False): 180, (True, False): 270}
    angle = start[x == left, y == top]
    draw.pieslice((x - side, y - side, x + side, y + side), angle, angle + 90, fill=color)


def seeds(rng: Random, colors: Palette) -> Image.Image:
    """A flower's head: each seed turned by the golden angle."""
    image = vertical([colors[0], mix(colors[0], colors[1], 0.6)], DOUBLE)
    draw = ImageDraw.Draw(image)
    center = (DOUBLE[0] * rng.uniform(0.35, 0.65), DOUBLE[1] * 0.5)
    golden = math.pi * (3 - math.sqrt(5))
    for number in range(1500, 0, -1):
        distance = 34 * math.sqrt(number)
        x = center[0] + distance * math.cos(number * golden)
        y = center[1] + distance * math.sin(number * golden)
        size = 5 + 17 * (0.5 + 0.5 * math.sin(distance / 120)) * min(1, distance / 300)
        draw.circle((x, y), size, fill=shade(colors, 0.25 + 0.75 * abs(math.sin(distance / 420))))
    return image.reduce(2)


def city(rng: Random, colors: Palette) -> Image.Image:
    """A town at dusk; somebody is at home."""
    image = vertical([colors[0], shade(colors, 0.45), shade(colors, 0.8), colors[-1]])
    moon = (rng.uniform(0.1, 0.9) * WIDTH, 0.2 * HEIGHT)
    image = light(image, glow(moon, 260, 2.5), (235, 230, 220))
    disc(image, moon, 40, (250, 246, 232))
    image = image.resize(DOUBLE)
    draw = ImageDraw.Draw(image)
    for layer in range(4):
        color = mix(shade(colors, 0.6 - 0.19 * layer), colors[0], 0.2 + 0.2 * layer)
        x = -rng.randrange(120)
        while x < DOUBLE[0]:
            width = rng.randrange(110, 250)
            top = round(DOUBLE[1] * rng.uniform(0.42, 0.72) + 150 * layer)
            draw.rectangle((x, top, x + width, DOUBLE[1]), fill=color)
            _windows(rng, draw, (x, top, width), 0.06 + 0.1 * layer)
            x += width + rng.choice((0, 0, 14))
    return grain(rng, image.reduce(2))


def _windows(
    rng: Random, draw: ImageDraw.ImageDraw, house: tuple[int, int, int], share: float
) -> None:
    x, top, width = house
    for row in range(top + 26, DOUBLE[1], 44):
        for column in range(x + 18, x + width - 24, 30):
            if rng.random() < share:
                warm = mix((255, 196, 104), (255, 238, 190), rng.random())
                draw.rectangle((column, row, column + 13, row + 20), fill=warm)


def strata(rng: Random, colors: Palette) -> Image.Image:
    """Paper cuttings: sheets with wavy edges, each with its shadow on the next."""
    image = Image.new("RGB", SIZE, colors[-1])
    lines = [curve(rng, HEIGHT * (k / 9), 230, 0.42, octaves=3) for k in range(10)]
    for (line, _), share in zip(pairwise(lines), range(9), strict=True):
        mask = below(line)
        shadow = ImageChops.offset(mask, 0, -9).filter(ImageFilter.GaussianBlur(9))
        image.paste((0, 0, 0), mask=shadow.point(lambda value: value * 0.32))
        image.paste(shade(colors, 1 - (share + 1) / 9), mask=mask)
    return grain(rng, image)


DAWN = "1b1b3a 4b3f72 a3557a f08a70 ffd9a0"
FOREST = "0b2027 1f4a4d 40798c 8fc0a9 f2f0d8"
LAVENDER = "231942 5e548e 9f86c0 e0b1cb fde8e4"
EMBER = "1a0b16 5c1a33 b23a48 f2846b fcd29f"
SAND = "3d1f1f 8a4b38 c98250 ecb983 fbe6c8"
ROSE = "2b1538 6d2e5b b8527a ee9a8d fde0c5"
MIDNIGHT = "050816 0f1b3d 24407a 5a7fb8 bcd6ee"
VIOLET = "0b0620 2a1259 5b2a86 a663cc f0b8e0"
POLAR = "030b1a 0a2540 0f7173 31d7a3 c5ffe0"
MAGENTA = "080418 2b0f54 ab1f65 ff4f69 ffc2a6"
OCEAN = "03142b 0b3866 1769aa 5fb4e5 e3f5ff"
CORAL = "240b36 7a2048 d1495b f79256 fbe3a4"
ATLAS = "0b2c4a 17557e 3a8fb7 9fd3c7 e9e2b6 8fb16a 5f8a52 a88a63 f4f1ea"
ISLES = "14213d 1f3c68 34699a 7fb2c9 f1dfb4 c9a66b 8f6f4a 6b5345 f5efe6"
STONE = "10121c 2f3e5c 5d7a94 c7b8a0 f4efe6"
JADE = "041f1e 0d4d4a 2a9d8f a8d5ba f4f1de"
INK = "0a1128 1c3f6e 3e7cb1 81b9dd f6f3ea"
BAUHAUS = "1d3557 e63946 f4a261 2a9d8f f1faee"
POPPY = "22223b f25f5c ffe066 247ba0 f7f3e9"
HONEY = "1d1009 5c2c0c b5651d f0a830 ffe9a8"

DRAWINGS = (
    Drawing("First light", "first-light.jpg", mountains, DAWN),
    Drawing("Milky Way over the firs", "milky-way.jpg", night, MIDNIGHT),
    Drawing("Threads", "threads.webp", flow, CORAL),
    Drawing("Dunes at noon", "dunes-at-noon.jpg", dunes, SAND),
    Drawing("Seigaiha", "seigaiha.png", waves, INK),
    Drawing("Northern lights", "northern-lights.jpg", aurora, POLAR),
    Drawing("The old atlas", "old-atlas.webp", relief, ATLAS),
    Drawing("Evening swim", "evening-swim.jpg", sea, DAWN),
    Drawing("Primary school", "primary-school.png", tiles, BAUHAUS),
    Drawing("Blue hour", "blue-hour.jpg", city, LAVENDER),
    Drawing("Agate", "agate.webp", agate, STONE),
    Drawing("Green valleys", "green-valleys.jpg", mountains, FOREST),
    Drawing("Paper hills", "paper-hills.webp", strata, ROSE),
    Drawing("Sunflower", "sunflower.jpg", seeds, HONEY),
    Drawing("Red desert", "red-desert.jpg", dunes, EMBER),
    Drawing("Violet night", "violet-night.jpg", night, VIOLET),
    Drawing("Current", "current.webp", flow, OCEAN),
    Drawing("Low sun", "low-sun.jpg", sea, CORAL),
    Drawing("Malachite", "malachite.jpg", agate, JADE),
    Drawing("Lavender ridge", "lavender-ridge.webp", mountains, LAVENDER),
    Drawing("Magenta curtains", "magenta-curtains.jpg", aurora, MAGENTA),
    Drawing("Poppies", "poppies.png", tiles, POPPY),
    Drawing("Treasure map", "treasure-map.webp", relief, ISLES),
    Drawing("Warm windows", "warm-windows.jpg", city, EMBER),
    Drawing("Jade sea", "jade-sea.png", waves, JADE),
    Drawing("Rose dunes", "rose-dunes.jpg", dunes, ROSE),
    Drawing("Silk", "silk.jpg", flow, VIOLET),
    Drawing("Deep blue", "deep-blue.webp", strata, OCEAN),
    Drawing("Ember ridge", "ember-ridge.jpg", mountains, EMBER),
    Drawing("Midnight bloom", "midnight-bloom.jpg", seeds, MAGENTA),
)
"""The pictures of the gallery, the first one on top."""
