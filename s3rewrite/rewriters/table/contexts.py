"""The context table: where a local URL can stand, and what to do there. Data only.

A place that no row names is left alone. docs/reference/rewritten.md says for users what follows.

`places` are written `element[attribute]`, or `element{}` for an element's text; `*` is any
element. In CSS the "element" is `css` and the "attribute" a property; in JSON it is the row's
name and the attribute a member's key, or two keys `parent.key`; elements of feeds and sitemaps
begin with `feed/` and `sitemap/`. `when` tells which tags a row is for; of the rows for one
place and tag each must allow a URL.
"""

from s3rewrite.rewriters.table.conditions import (
    about,
    about_tile_logo,
    checkable,
    cors,
    cors_if_asked,
    cors_if_fetched,
    cors_if_manifest,
    cors_if_module,
    cors_if_parent_asks,
    embeddable,
    has,
    is_script,
    kind,
    media_extension,
    no_attribute_hash,
    no_document,
    no_download,
    no_style_hash,
    shows_files,
)
from s3rewrite.rewriters.table.rows import Mark, Row, Rule

_preloads = has("rel", "preload", "prefetch")

YES, ASKED, NEVER = Mark
URL, SRCSET, CSS, JSON, HTML = Rule

_MEDIA = ("image", "video", "audio")
_META = (
    *("og:image", "og:image:url", "og:image:secure_url"),
    *("og:video", "og:video:url", "og:video:secure_url"),
    *("og:audio", "og:audio:url", "og:audio:secure_url"),
    *("twitter:image", "twitter:image:src", "twitter:player:stream"),
    "msapplication-tileimage",
)
_SCRIPTED = (no_document, cors_if_manifest, embeddable)
_LAZY = (shows_files, no_document, cors_if_fetched, cors_if_asked, cors_if_parent_asks)
# fmt: off
TABLE = (
    # A browser makes an <img> of an <image> (WHATWG HTML, 13.2.6.4.7), and AMP one of its own.
    Row("image", YES, "img[src] image[src] amp-img[src] amp-anim[src] video[poster] "
        "amp-video[poster] body[background] table[background] thead[background] "
        "tbody[background] tfoot[background] tr[background] td[background] th[background]",
        needs=(cors_if_asked,)),
    Row("image-button", YES, "input[src]", when=(kind("type", "image"),), needs=(cors_if_asked,)),
    Row("media", YES, "video[src] audio[src] amp-video[src] amp-audio[src]",
        needs=(cors_if_asked, cors_if_manifest)),
    Row("source", YES, "source[src]", needs=(cors_if_parent_asks, cors_if_manifest)),
    Row("srcset", YES, "img[srcset] image[srcset] amp-img[srcset] amp-anim[srcset]", SRCSET,
        needs=(cors_if_asked,)),
    Row("source-srcset", YES, "source[srcset]", SRCSET, needs=(cors_if_parent_asks,)),
    Row("imagesrcset", YES, "link[imagesrcset]", SRCSET, needs=(cors_if_asked,)),
    Row("anchor", YES, "a[href] area[href]", needs=(no_download, no_document)),
    Row("icon", YES, "link[href]",
        when=(has("rel", "icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon",
                  "image_src"),),
        needs=(cors_if_asked,)),
    Row("preload", YES, "link[href]",
        when=(_preloads, kind("as", *_MEDIA)), needs=(cors_if_asked,)),
    Row("stylesheet", ASKED, "link[href]", when=(has("rel", "stylesheet"),),
        needs=(checkable, cors_if_asked)),
    Row("stylesheet", ASKED, "link[href]",
        when=(_preloads, kind("as", "style")), needs=(checkable, cors_if_asked)),
    Row("script", ASKED, "link[href]",
        when=(_preloads, kind("as", "script")), needs=(checkable, cors_if_asked)),
    Row("font-preload", ASKED, "link[href]",
        when=(_preloads, kind("as", "font")), needs=(cors,)),
    Row("fetch-preload", ASKED, "link[href]",
        when=(_preloads, kind("as", "fetch")), needs=(cors,)),
    Row("modulepreload", ASKED, "link[href]", when=(has("rel", "modulepreload"),), needs=(cors,)),
    Row("link", NEVER, "link[href]",
        when=(has("rel", "canonical", "alternate", "next", "prev", "manifest", "preconnect",
                  "amphtml", "license", "author", "help", "search", "pingback", "expect", "me",
                  "self"),)),
    Row("script", ASKED, "script[src]", when=(is_script,),
        needs=(checkable, cors_if_module)),
    Row("frame", NEVER, "iframe[src] frame[src]"),
    Row("embed", ASKED, "embed[src] object[data]", needs=(media_extension, embeddable)),
    Row("track", NEVER, "track[src]"),
    Row("meta", YES, "meta[content]", when=(about(*_META),), needs=(no_document,)),
    Row("meta", YES, "meta[content]", when=(about_tile_logo,)),
    Row("microdata", YES, "meta[content]",
        when=(has("itemprop", "image", "thumbnailurl", "contenturl", "logo"),),
        needs=(no_document,)),
    Row("meta-identity", NEVER, "meta[content]", when=(about("og:url", "msapplication-config"),)),
    Row("refresh", NEVER, "meta[content]",
        when=(kind("http-equiv", "refresh", "content-security-policy"),)),
    Row("lazy", YES, "*[data-src] *[data-bg] *[data-background-image] *[data-original] "
        "*[data-lazy] *[data-lazy-src] *[data-poster] *[data-full]", needs=_LAZY),
    Row("lazy-srcset", YES, "*[data-srcset] *[data-lazy-srcset]", SRCSET, needs=_LAZY),
    Row("data", ASKED, "*[data-*]",
        needs=(no_document, cors_if_fetched, cors_if_asked, cors_if_parent_asks)),
    Row("style-attribute", YES, "*[style]", CSS, needs=(no_attribute_hash,)),
    Row("svg-image", YES, "image[href] image[xlink:href]", needs=(cors_if_asked,)),
    Row("svg-reference", NEVER,
        "use[href] use[xlink:href] feimage[href] feimage[xlink:href] script[href] "
        "script[xlink:href] lineargradient[href] lineargradient[xlink:href] "
        "radialgradient[href] radialgradient[xlink:href] pattern[href] pattern[xlink:href] "
        "mpath[href] mpath[xlink:href] textpath[href] textpath[xlink:href] "
        "*[fill] *[stroke] *[mask] *[filter] *[clip-path] *[marker-start] *[marker-mid] "
        "*[marker-end]"),
    Row("identity", NEVER,
        "form[action] button[formaction] input[formaction] a[ping] area[ping] *[cite] "
        "img[longdesc] *[usemap] base[href] html[manifest] object[codebase] object[archive] "
        "object[classid] *[itemid] *[itemtype] *[about] *[resource]"),
    Row("value", NEVER, "*[value] option{} textarea{} title{}"),
    Row("handler", NEVER, "*[on*]"),
    Row("style", YES, "style{}", CSS, when=(kind("type", "", "text/css"),),
        needs=(no_style_hash,)),
    Row("css", ASKED, "body[text/css]", CSS),
    Row("ld+json", YES, "script{}", JSON, when=(kind("type", "application/ld+json"),)),
    Row("ld+json", YES, "ld+json[*]", needs=(no_document,)),
    Row("ld+json-identity", NEVER, "ld+json[@id] ld+json[url] ld+json[mainentityofpage]"),
    Row("json-script", ASKED, "script{}", JSON, when=(kind("type", "application/json"),)),
    Row("json-script", ASKED, "json-script[*]", needs=_SCRIPTED),
    # In the places that mounts add, written like `*[data-props]:json`.
    Row("json-string", YES, "json-string[*]", needs=_SCRIPTED),
    Row("script-data", NEVER, "script{}", when=(kind("type", "importmap", "speculationrules"),)),
    Row("text", NEVER, "xmp{} plaintext{} noembed{} noframes{} iframe{}"),
    Row("srcdoc", ASKED, "iframe[srcdoc]", HTML),
    Row("json", ASKED, "json[*]", needs=_SCRIPTED),
    Row("feed", YES, "feed/enclosure[url] feed/media:content[url] feed/media:thumbnail[url] "
        "feed/itunes:image[href] feed/image/url{} feed/icon{} feed/logo{}", needs=(no_document,)),
    # https://podcasting2.org/docs/podcast-namespace: `images` is the older one
    Row("podcast", YES, "feed/podcast:image[href] feed/podcast:person[img] "
        "feed/podcast:source[uri] feed/podcast:trailer[url] feed/googleplay:image[href]",
        needs=(no_document,)),
    Row("podcast-srcset", YES, "feed/podcast:images[srcset]", SRCSET),
    Row("podcast-text", NEVER, "feed/podcast:transcript[url] feed/podcast:chapters[url]"),
    Row("feed", YES, "feed/link[href]", when=(has("rel", "enclosure"),),
        needs=(no_document,)),
    Row("feed-html", YES, "feed/description{} feed/content:encoded{} feed/itunes:summary{}", HTML),
    Row("feed-html", YES, "feed/content{} feed/summary{}", HTML, when=(kind("type", "html"),)),
    Row("feed-identity", NEVER, "feed/guid{} feed/id{} feed/link{}"),
    Row("json-feed", YES, "json-feed[image] json-feed[banner_image] json-feed[icon] "
        "json-feed[favicon] json-feed[avatar] json-feed[attachments.url]", needs=(no_document,)),
    Row("json-feed", YES, "json-feed[content_html]", HTML),
    Row("json-feed-identity", NEVER, "json-feed[id] json-feed[url] json-feed[external_url] "
        "json-feed[home_page_url] json-feed[feed_url] json-feed[next_url]"),
    Row("sitemap", YES,
        "sitemap/image:loc{} sitemap/video:thumbnail_loc{} sitemap/video:content_loc{}"),
    Row("sitemap-identity", NEVER, "sitemap/loc{}"),
    Row("manifest", ASKED, "manifest[icons.src] manifest[screenshots.src]"),
    Row("manifest-identity", NEVER, "manifest[start_url] manifest[scope] manifest[id]"),
    Row("playlist", ASKED, "m3u8[line] m3u8[ext-x-map] m3u8[ext-x-media]", needs=(cors,)),
    Row("playlist-key", NEVER, "m3u8[ext-x-key] m3u8[ext-x-session-key]"),
    Row("location", ASKED, "header[location]", needs=(no_document, embeddable)),
    Row("header", NEVER,
        "header[content-location] header[refresh] header[sourcemap] header[set-cookie]"),
    Row("css-url", YES, "css[*]", CSS, needs=(embeddable,)),
    Row("css-custom-property", YES, "css[--*]", CSS, needs=(cors, embeddable)),
    Row("import", ASKED, "css[@import]", CSS, needs=(embeddable,)),
    Row("css-cors-only", NEVER, "css[mask*] css[shape-outside] css[clip-path] css[filter] "
        "css[backdrop-filter] css[fill] css[stroke] css[marker*] css[behavior] css[binding]", CSS),
    Row("font-face", ASKED, "css[src]", CSS, needs=(cors,)),
)
# fmt: on
"""The rows."""
